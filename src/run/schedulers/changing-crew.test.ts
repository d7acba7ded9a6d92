import { expect, test } from "vitest";
import { createScenario, stageRun, type StagedRun } from "../../../test/support/staged-run.ts";
import { packIndices } from "../../plan/move-indices.ts";
import type { Load } from "../../protocol/load.ts";
import type { Share, VuIteration } from "../../protocol/plan.ts";

const second = 1000;
const shareOf = (vus: readonly number[], begun?: readonly VuIteration[]): Share => ({
  scenarios: [{ vus: packIndices(vus), arrivals: [], iterations: [], begun }],
});
const constant = (vus: number, durationMs = 10 * second): Load => ({
  mode: "constant-vus",
  vus,
  durationMs,
  rampUpMs: 0,
});

test("VUs that are given up finish their iteration, the others go on undisturbed", async () => {
  const run = await stageRun([createScenario(constant(4))], { iterationMs: 300 });
  await run.clock.turn(350);
  let released = false;
  const work = run.part.release(shareOf([1, 3])).then((begun) => {
    released = true;
    return begun;
  });
  await run.clock.turn(249);
  expect(released).toBe(false);
  await run.clock.turn(1);
  expect(await work).toEqual([
    [
      [2, 2],
      [4, 2],
    ],
  ]);
  await run.clock.turn(second);
  const starts = (id: number) => run.iterations.filter(({ vuId }) => vuId === id).map(({ at }) => at);
  expect(starts(2)).toEqual([0, 300]);
  expect(starts(1)).toEqual([0, 300, 600, 900, 1200, 1500]);
  expect(run.closedVus.toSorted()).toEqual([2, 4]);
  expect(run.iterations.every(({ outcome }) => outcome === "passed" || outcome === null)).toBe(true);
  await run.part.close();
});

test("a given-up VU that takes longer than the graceful stop is interrupted", async () => {
  const run = await stageRun([createScenario(constant(2), { gracefulStopMs: 500 })], { iterationMs: 5 * second });
  await run.clock.turn(100);
  const released = run.part.release(shareOf([1]));
  await run.clock.turn(500);
  expect(await released).toEqual([[[2, 1]]]);
  expect(run.iterations.map(({ vuId, outcome, endedAt }) => [vuId, outcome, endedAt])).toEqual([
    [1, null, -1],
    [2, "interrupted", 600],
  ]);
  await run.part.close();
});

test("granted VUs begin at once, where they were elsewhere; held ones are not restarted", async () => {
  const load: Load = { mode: "per-vu-iterations", vus: 3, iterations: 5, maxDurationMs: 60 * second };
  const run = await stageRun([createScenario(load)], { iterationMs: 100, cut: () => shareOf([1]) });
  await run.clock.turn(150);
  run.part.grant(shareOf([1, 3], [[3, 3]]));
  await run.clock.turn(5 * second);
  const seen = (id: number) =>
    run.iterations.filter(({ vuId }) => vuId === id).map(({ at, vuIteration }) => [at, vuIteration]);
  expect(seen(1)).toEqual([0, 1, 2, 3, 4].map((n) => [n * 100, n]));
  expect(seen(3)).toEqual([
    [150, 3],
    [250, 4],
  ]);
  expect([run.done, run.sumCounter("iterations"), run.sumCounter("dropped_iterations")]).toEqual([true, 7, 0]);
});

test("a looping VU that comes from elsewhere counts from 0, also where it may have begun many", async () => {
  const run = await stageRun([createScenario(constant(3))], { iterationMs: 100, cut: () => shareOf([1]) });
  await run.clock.turn(150);
  run.part.grant(shareOf([1, 3], [[3, 70_000]]));
  await run.clock.turn(250);
  const seen = (id: number) => run.iterations.filter(({ vuId }) => vuId === id).map(({ vuIteration }) => vuIteration);
  expect([seen(1), seen(3)]).toEqual([
    [0, 1, 2, 3, 4],
    [0, 1, 2],
  ]);
  await run.part.close();
});

test("a VU with nothing left to do is not made", async () => {
  const load: Load = { mode: "per-vu-iterations", vus: 2, iterations: 2, maxDurationMs: 60 * second };
  const run = await stageRun([createScenario(load)], {
    iterationMs: 100,
    cut: () => shareOf([1, 2], [[2, 2]]),
    vuSetup: { ms: 10, passes: () => true },
  });
  await run.clock.turn(second);
  expect([run.done, run.setupVus]).toEqual([true, [1]]);
});

const finite = (iterations: number, maxDurationMs: number): Load => ({
  mode: "per-vu-iterations",
  vus: 3,
  iterations,
  maxDurationMs,
});
const haltedOf = ({ frames }: StagedRun) => frames.flatMap(({ halted }) => halted ?? []);

test("an owner hears how far each VU has come when its load is over; what is left is the owner's to count", async () => {
  const run = await stageRun([createScenario(finite(10, 250))], { iterationMs: 100, lease: { held: true } });
  await run.clock.turn(50);
  run.part.claimed(0, [[1, 2]]);
  await run.clock.turn(2 * second);
  expect(haltedOf(run)).toEqual([
    { scenario: "default", begun: 2, vus: packIndices([1]) },
    { scenario: "default", begun: 1, vus: packIndices([2, 3]) },
  ]);
  expect([run.done, run.sumCounter("iterations"), run.sumCounter("dropped_iterations")]).toEqual([true, 4, 0]);
  expect(await run.part.release(shareOf([1]))).toEqual([
    [
      [2, 1],
      [3, 1],
    ],
  ]);
});

test("an owner hears it of VUs that are given up, and again of those that come back", async () => {
  const run = await stageRun([createScenario(finite(10, 5 * second))], { iterationMs: 100, lease: { held: true } });
  await run.clock.turn(50);
  const work = run.part.release(shareOf([1]));
  await run.clock.turn(second);
  expect(await work).toEqual([
    [
      [2, 1],
      [3, 1],
    ],
  ]);
  run.part.grant(shareOf([1, 3], [[3, 4]]));
  await run.clock.turn(5 * second);
  expect(haltedOf(run)).toEqual([
    { scenario: "default", begun: 1, vus: packIndices([2, 3]) },
    { scenario: "default", begun: 1, vus: packIndices([1]) },
    { scenario: "default", begun: 5, vus: packIndices([3]) },
  ]);
});

test("what is granted between the load's end and the last iteration's never begins", async () => {
  const run = await stageRun([createScenario(finite(3, 150))], {
    iterationMs: 200,
    cut: () => shareOf([1]),
    lease: { held: true },
  });
  await run.clock.turn(180);
  run.part.grant(shareOf([1, 2], [[2, 2]]));
  await run.clock.turn(second);
  expect(run.iterations.map(({ vuId }) => vuId)).toEqual([1]);
  expect(haltedOf(run)).toEqual([
    { scenario: "default", begun: 1, vus: packIndices([1]) },
    { scenario: "default", begun: 2, vus: packIndices([2]) },
  ]);
});

test("what is granted after a scenario's end, while others go on, never begins", async () => {
  const scenarios = [createScenario(finite(3, 400)), createScenario(constant(1, 2 * second), { name: "other" })];
  const run = await stageRun(scenarios, {
    iterationMs: 10,
    lease: { held: true },
    cut: ({ scenarios: [, other] }) => ({
      scenarios: [...shareOf([1]).scenarios, ...(other === undefined ? [] : [other])],
    }),
  });
  await run.clock.turn(second);
  run.part.grant({ scenarios: [...shareOf([1, 2], [[2, 1]]).scenarios, ...shareOf([]).scenarios] });
  await run.clock.turn(2 * second);
  expect(haltedOf(run)).toEqual([{ scenario: "default", begun: 1, vus: packIndices([1]) }]);
  expect(run.iterations.filter(({ scenario, vuId }) => scenario === "default" && vuId > 1)).toEqual([]);
  expect([run.done, run.faults]).toEqual([true, []]);
});

test("a scaled share that has no lease when its time is over ends then", async () => {
  const lease = { held: true };
  const run = await stageRun([createScenario(finite(10, 500))], { iterationMs: 100, lease });
  await run.clock.turn(150);
  run.part.scale(0, 150, 2, 0);
  lease.held = false;
  run.part.watchLease();
  await run.clock.turn(second);
  // Each began the one that needs no claim.
  expect(haltedOf(run)).toEqual([{ scenario: "default", begun: 1, vus: packIndices([1, 2, 3]) }]);
  expect([run.done, run.sumCounter("iterations"), run.sumCounter("dropped_iterations")]).toEqual([true, 3, 0]);
});

test("the profile decides which of the held VUs run, whenever they come", async () => {
  const load: Load = {
    mode: "ramping-vus",
    startVus: 0,
    stages: [{ durationMs: 4 * second, target: 4 }],
    gracefulRampDownMs: 0,
  };
  const run = await stageRun([createScenario(load)], { iterationMs: 10 * second, cut: () => shareOf([2]) });
  await run.clock.turn(3_500);
  run.part.grant(shareOf([1, 2, 3, 4]));
  await run.clock.turn(1_000);
  expect(run.iterations.map(({ vuId, at }) => [vuId, at])).toEqual([
    [2, 2000],
    [1, 3500],
    [3, 3500],
    // The load ends at 4000, when the fourth would come.
  ]);
  await run.part.close();
});
