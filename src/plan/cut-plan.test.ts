import fc from "fast-check";
import { expect, test } from "vitest";
import { createScenario, createWorkflow } from "../../test/support/staged-run.ts";
import type { Load } from "../protocol/load.ts";
import type { ArrivalPattern, ScenarioShare, Share } from "../protocol/plan.ts";
import { cutPlan, cutShare } from "./cut-plan.ts";
import { countIndices, listIndices } from "./index-runs.ts";
import { makePlan } from "./make-plan.ts";
import { countVus } from "./profiles/vu-profile.ts";
import { createLoadProfile } from "./profiles/load-profile.ts";

const vus = fc.integer({ min: 1, max: 60 });
const stages = fc.array(
  fc.record({ durationMs: fc.integer({ min: 0, max: 5000 }), target: fc.integer({ min: 0, max: 60 }) }),
  { minLength: 1, maxLength: 4 },
);

const loads: fc.Arbitrary<Load> = fc.oneof(
  fc.record({
    mode: fc.constant("constant-vus" as const),
    vus,
    durationMs: fc.constant(5000),
    rampUpMs: fc.integer({ min: 0, max: 5000 }),
  }),
  fc.record({ mode: fc.constant("ramping-vus" as const), startVus: vus, stages, gracefulRampDownMs: fc.constant(0) }),
  fc.record({
    mode: fc.constant("per-vu-iterations" as const),
    vus,
    iterations: vus,
    maxDurationMs: fc.constant(5000),
  }),
  fc.record({
    mode: fc.constant("shared-iterations" as const),
    vus,
    iterations: fc.integer({ min: 1, max: 500 }),
    maxDurationMs: fc.constant(5000),
  }),
  fc.record({
    mode: fc.constant("constant-arrival-rate" as const),
    rate: fc.constant(10),
    timeUnitMs: fc.constant(1000),
    durationMs: fc.constant(5000),
    preAllocatedVus: fc.constant(1),
    maxVus: vus,
  }),
  fc.record({
    mode: fc.constant("ramping-arrival-rate" as const),
    startRate: fc.constant(1),
    timeUnitMs: fc.constant(1000),
    stages,
    preAllocatedVus: fc.constant(1),
    maxVus: vus,
  }),
  fc.record({
    mode: fc.constant("externally-controlled" as const),
    vus: fc.constant(1),
    maxVus: vus,
    durationMs: fc.constant(null),
  }),
);

const weights = fc
  .array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 5 })
  .filter((all) => all.some((one) => one > 0));

/** Every share of a scenario, whole and cut for threads. */
function listParts(loadsOfPlan: readonly Load[], slaveWeights: readonly number[], threads: number) {
  const plan = makePlan(createWorkflow(loadsOfPlan.map((load, at) => createScenario(load, { name: `s${at}` }))));
  const shares = cutPlan(plan, slaveWeights);
  return { plan, shares, cut: shares.map((share) => cutShare(share, plan, threads)) };
}

const pick = (shares: readonly Share[], scenario: number) =>
  shares.map((share) => share.scenarios[scenario] as ScenarioShare);
const sorted = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);
const countTo = (last: number) => Array.from({ length: last }, (_, at) => at + 1);
const belongs = (k: number, windows: readonly ArrivalPattern[]) =>
  windows.some(({ from, to, period, offsets }) => k >= from && (to === null || k < to) && offsets.includes(k % period));

test("property: slaves' and threads' shares divide VUs, arrivals and iterations, in every mode", () => {
  fc.assert(
    fc.property(
      fc.array(loads, { minLength: 1, maxLength: 3 }),
      weights,
      fc.integer({ min: 1, max: 4 }),
      (someLoads, someWeights, threads) => {
        const { plan, shares, cut } = listParts(someLoads, someWeights, threads);
        for (const [at, { largestVus, scenario }] of plan.scenarios.entries()) {
          const whole = pick(shares, at);
          const parts = cut.flatMap((ofSlave) => pick(ofSlave, at));
          for (const all of [whole, parts]) {
            expect(sorted(all.flatMap((share) => listIndices(share.vus, 0, largestVus)))).toEqual(countTo(largestVus));
            if (scenario.load.mode.endsWith("arrival-rate")) {
              for (let k = 0; k < 200; k++) expect(all.filter(({ arrivals }) => belongs(k, arrivals))).toHaveLength(1);
            } else {
              expect(all.every(({ arrivals }) => arrivals.length === 0)).toBe(true);
            }
          }
          const total = scenario.load.mode === "shared-iterations" ? scenario.load.iterations : 0;
          const iterations = whole.flatMap((share) =>
            share.iterations.flatMap(([from, to]) => countTo(to - from).map((one) => from + one)),
          );
          expect(iterations).toEqual(countTo(total));
        }
      },
    ),
    { numRuns: 60 },
  );
});

test("property: at every moment the shares' VUs are the profile's", () => {
  fc.assert(
    fc.property(
      loads,
      weights,
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 0, max: 20_000 }),
      (load, someWeights, threads, time) => {
        const profile = createLoadProfile(load);
        if (profile.kind !== "vus") return;
        const count = countVus(profile.vus, time);
        const { cut } = listParts([load], someWeights, threads);
        const running = cut.flatMap((ofSlave) => pick(ofSlave, 0)).map((share) => countIndices(share.vus, count));
        expect(running.reduce((sum, one) => sum + one, 0)).toBe(count);
      },
    ),
  );
});

test("scaled loads find their VUs in the same shares", () => {
  const { shares } = listParts([{ mode: "constant-vus", vus: 3, durationMs: 1000, rampUpMs: 0 }], [2, 1, 1], 1);
  expect(pick(shares, 0).map((share) => listIndices(share.vus, 3, 10))).toEqual([
    [5, 7, 9],
    [6, 10],
    [4, 8],
  ]);
});

test("threads get equal parts, scenarios of one VU go round", () => {
  const one: Load = { mode: "per-vu-iterations", vus: 1, iterations: 1, maxDurationMs: 1000 };
  const { cut } = listParts([one, one, { ...one, vus: 10 }], [1], 2);
  const counts = [0, 1, 2].map((at) =>
    pick(cut[0] ?? [], at).map((share) => countIndices(share.vus, at === 2 ? 10 : 1)),
  );
  expect(counts).toEqual([
    [1, 0],
    [0, 1],
    [5, 5],
  ]);
});

test("arrivals are cut by the share of VUs, not by the weight", () => {
  const load: Load = {
    mode: "constant-arrival-rate",
    rate: 10,
    timeUnitMs: 1000,
    durationMs: 1000,
    preAllocatedVus: 2,
    maxVus: 2,
  };
  const { shares } = listParts([load], [1, 1, 1], 1);
  expect(pick(shares, 0).map(({ arrivals }) => arrivals)).toEqual([
    [{ from: 0, to: null, period: 2, offsets: [0] }],
    [{ from: 0, to: null, period: 2, offsets: [1] }],
    [],
  ]);
});
