import { expect, test } from "vitest";
import { createScenario, stageRun } from "../../../test/support/staged-run.ts";
import { cutShare } from "../../plan/cut-plan.ts";
import { makePlan } from "../../plan/make-plan.ts";
import type { Load } from "../../protocol/load.ts";
import { createWorkflow } from "../../../test/support/staged-run.ts";

const second = 1000;
const constant = (rate: number, fields: Partial<Load & { mode: "constant-arrival-rate" }> = {}): Load => ({
  mode: "constant-arrival-rate",
  rate,
  timeUnitMs: second,
  durationMs: second,
  preAllocatedVus: 10,
  maxVus: 10,
  ...fields,
});

test("a constant rate starts event k at k periods, each exactly once, none at the end", async () => {
  const run = await stageRun([createScenario(constant(8))], { iterationMs: 50 });
  await run.clock.turn(2 * second);
  expect(run.iterations.map(({ iteration, at, lagUs }) => [iteration, at, lagUs])).toEqual(
    Array.from({ length: 8 }, (_, k) => [k, k * 125, 0]),
  );
  expect(run.done).toBe(true);
  expect(run.sumCounter("iterations")).toBe(8);
});

test("5,000 starts a second for two seconds: every one at its instant", async () => {
  const run = await stageRun(
    [createScenario(constant(5000, { durationMs: 2 * second, preAllocatedVus: 100, maxVus: 100 }))],
    { iterationMs: 5 },
  );
  await run.clock.turn(3 * second);
  expect(run.iterations).toHaveLength(10_000);
  expect(run.iterations.every(({ at, iteration }) => Math.abs(at - iteration * 0.2) < 1e-6)).toBe(true);
  expect(run.sumCounter("dropped_iterations")).toBe(0);
});

test("a ramping rate starts when whole starts have come due", async () => {
  const load: Load = {
    mode: "ramping-arrival-rate",
    startRate: 0,
    timeUnitMs: second,
    stages: [
      { durationMs: 2 * second, target: 4 },
      { durationMs: second, target: 4 },
      { durationMs: 2 * second, target: 0 },
    ],
    preAllocatedVus: 10,
    maxVus: 10,
  };
  const run = await stageRun([createScenario(load)], { iterationMs: 50 });
  await run.clock.turn(6 * second);
  const starts = run.iterations.map(({ at }) => Math.round(at));
  expect(starts).toEqual([1000, 1414, 1732, 2000, 2250, 2500, 2750, 3000, 3268, 3586, 4000, 5000]);
  expect(run.done).toBe(true);
});

test("more VUs are made up to max_vus; then starts are dropped and counted", async () => {
  const load = constant(10, { preAllocatedVus: 1, maxVus: 3 });
  const run = await stageRun([createScenario(load)], { iterationMs: 10 * second });
  await run.clock.turn(second);
  expect(run.iterations.map(({ vuId, at }) => [vuId, at])).toEqual([
    [1, 0],
    [2, 100],
    [3, 200],
  ]);
  await run.clock.turn(20 * second);
  expect(run.sumCounter("dropped_iterations")).toBe(7);
  expect(run.sumCounter("iterations") + run.sumCounter("dropped_iterations")).toBe(10);
});

test("a start on a VU whose vu_setup still runs is late, and its lag is known", async () => {
  const load = constant(10, { preAllocatedVus: 1, maxVus: 1, durationMs: 250 });
  const run = await stageRun([createScenario(load)], { iterationMs: 10, vuSetup: { ms: 30, passes: () => true } });
  await run.clock.turn(second);
  expect(run.iterations.map(({ at, lagUs }) => [at, lagUs])).toEqual([
    [30, 30_000],
    [100, 0],
    [200, 0],
  ]);
  expect(run.done).toBe(true);
  expect([run.tornDownVus, run.closedVus]).toEqual([[1], [1]]);
});

test("starts that waited for a VU whose vu_setup fails are dropped", async () => {
  const load = constant(10, { preAllocatedVus: 1, maxVus: 1, durationMs: 250 });
  const run = await stageRun([createScenario(load)], { vuSetup: { ms: 30, passes: () => false } });
  await run.clock.turn(second);
  expect(run.iterations).toHaveLength(0);
  expect(run.sumCounter("dropped_iterations")).toBe(3);
  expect(run.done).toBe(true);
});

test("starts that a stall of the loop delayed take VUs that get free in the same turn before any is dropped", async () => {
  const run = await stageRun([createScenario(constant(10, { preAllocatedVus: 1, maxVus: 1 }))], { iterationMs: 100 });
  await run.clock.turn(2 * second);
  expect([run.iterations.length, run.sumCounter("dropped_iterations")]).toEqual([10, 0]);
  expect(run.iterations.every(({ lagUs }) => lagUs === 0)).toBe(true);
});

test("a pause moves the remaining starts", async () => {
  const run = await stageRun([createScenario(constant(10))], { iterationMs: 5 });
  const paused = run.part.pause(350);
  await run.clock.turn(1350);
  expect(await paused).toBe(350);
  run.part.resume(run.clock.now(), 350);
  await run.clock.turn(second);
  expect(run.iterations.map(({ at }) => Math.round(at))).toEqual([
    0, 100, 200, 300, 1400, 1500, 1600, 1700, 1800, 1900,
  ]);
  expect(run.iterations.every(({ lagUs }) => lagUs === 0)).toBe(true);
});

test("a constant rate can be scaled; the started part of the next event counts", async () => {
  const run = await stageRun([createScenario(constant(10, { durationMs: 2 * second }))], { iterationMs: 5 });
  await run.clock.turn(950);
  run.part.scale(0, 950, 100, 0);
  await run.clock.turn(3 * second);
  const starts = run.iterations.map(({ at }) => at);
  expect(starts.slice(9, 13).map((at) => Math.round(at * 1000) / 1000)).toEqual([900, 955, 965, 975]);
  expect(starts).toHaveLength(10 + 105);
});

test("a stop starts nothing more and lets what runs finish", async () => {
  const run = await stageRun([createScenario(constant(10))], { iterationMs: 80 });
  await run.clock.turn(510);
  run.part.stop(second);
  await run.clock.turn(100);
  expect(run.done).toBe(true);
  expect(run.iterations).toHaveLength(6);
  expect(run.iterations.at(-1)).toMatchObject({ outcome: "passed", endedAt: 580 });
});

test("two threads' parts start all events between them", async () => {
  const scenario = createScenario(constant(20, { preAllocatedVus: 5, maxVus: 5 }));
  const plan = makePlan(createWorkflow([scenario]));
  const seen: number[] = [];
  for (const thread of [0, 1]) {
    const run = await stageRun([scenario], {
      iterationMs: 5,
      cut: (share) => cutShare(share, plan, 2)[thread] ?? share,
    });
    await run.clock.turn(2 * second);
    expect(run.iterations.every(({ at, iteration }) => Math.abs(at - iteration * 50) < 1e-6)).toBe(true);
    seen.push(...run.iterations.map(({ iteration }) => iteration));
  }
  expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, k) => k));
});
