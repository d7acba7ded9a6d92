import { expect, test } from "vitest";
import { createScenario, createWorkflow } from "../../../test/support/staged-run.ts";
import { createTurnedClock } from "../../../test/support/turned-clock.ts";
import { makePlan } from "../../plan/make-plan.ts";
import type { VuIteration } from "../../protocol/plan.ts";
import { createClaimingDuty, createEndlessDuty, notYet, nothingLeft } from "./duty.ts";

function makeDuty(iterations: number) {
  const clock = createTurnedClock();
  const plan = makePlan(
    createWorkflow([createScenario({ mode: "per-vu-iterations", vus: 4, iterations, maxDurationMs: 60_000 })]),
  );
  const asked: VuIteration[][] = [];
  const events = { onClaim: (through: readonly VuIteration[]) => asked.push([...through]) };
  const duty = createClaimingDuty({ clock, plan, events }, iterations);
  /** Begins the VU's iteration `begun`, if it may. */
  const claim = (index: number, begun: number) => duty.claim({ index, id: index, begun, skipped: 0 });
  return { clock, duty, asked, claim };
}

test("the grant allows the first; the next begins only once it is confirmed", async () => {
  const { clock, duty, asked, claim } = makeDuty(10);
  expect([claim(1, 0), claim(1, 1), claim(2, 6)]).toEqual([0, notYet, 25]);
  await clock.turn(0);
  expect(asked).toEqual([
    [
      [1, 2],
      [2, 8],
    ],
  ]);
  duty.confirm(1, 2);
  expect([claim(1, 1), claim(1, 2), claim(2, 7)]).toEqual([4, notYet, notYet]);
});

test("nothing is claimed beyond the last iteration, which ends the VU", async () => {
  const { clock, duty, asked, claim } = makeDuty(2);
  claim(1, 0);
  await clock.turn(0);
  duty.confirm(1, 2);
  expect([claim(1, 1), claim(1, 2)]).toEqual([4, nothingLeft]);
  await clock.turn(0);
  expect(asked).toEqual([[[1, 2]]]);
});

test("a quick VU claims about a second ahead, so that it does not wait", async () => {
  const { clock, duty, asked, claim } = makeDuty(10_000);
  let begun = 0;
  let waits = 0;
  for (let ms = 0; ms < 5_000; ms += 10) {
    if (claim(1, begun) === notYet) {
      if (ms > 1_000) waits++;
    } else begun++;
    await clock.turn(10);
    // An owner that takes 10 ms to confirm.
    for (const [vu, through] of asked.shift() ?? []) duty.confirm(vu, through);
  }
  expect([waits, begun > 450]).toEqual([0, true]);
});

test("a VU that comes back goes on where the grant says", () => {
  const { duty, claim } = makeDuty(10);
  claim(3, 0);
  duty.forget(3);
  expect([claim(3, 5), claim(3, 6)]).toEqual([22, notYet]);
});

test("a looping VU that was elsewhere counts its iterations from 0, under numbers that nobody had", () => {
  const load = { mode: "constant-vus", vus: 4, durationMs: 60_000, rampUpMs: 0 } as const;
  const duty = createEndlessDuty({ plan: makePlan(createWorkflow([createScenario(load)])) });
  expect(duty.claim({ index: 2, id: 2, begun: 0, skipped: 0 })).toBe(1);
  expect(duty.claim({ index: 2, id: 2, begun: 0, skipped: 1_000 })).toBe(4_001);
  expect(duty.claim({ index: 2, id: 2, begun: 1, skipped: 1_000 })).toBe(4_005);
});
