import { expect, test } from "vitest";
import { createScenario, stageRun } from "../../../test/support/staged-run.ts";
import type { Load } from "../../protocol/load.ts";

const second = 1000;
const constant = (vus: number, durationMs = second): Load => ({ mode: "constant-vus", vus, durationMs, rampUpMs: 0 });

test("constant VUs loop for the duration; what runs at its end finishes", async () => {
  const run = await stageRun([createScenario(constant(3))], { iterationMs: 300 });
  await run.clock.turn(999);
  expect(run.iterations.map(({ at }) => at)).toEqual([0, 0, 0, 300, 300, 300, 600, 600, 600, 900, 900, 900]);
  expect(run.done).toBe(false);
  await run.clock.turn(201);
  expect(run.done).toBe(true);
  expect(run.iterations.every(({ outcome }) => outcome === "passed")).toBe(true);
  expect(run.sumCounter("iterations")).toBe(12);
  expect(new Set(run.iterations.map(({ iteration }) => iteration)).size).toBe(12);
  expect(run.iterations.filter(({ vuId }) => vuId === 2).map(({ vuIteration }) => vuIteration)).toEqual([0, 1, 2, 3]);
  expect(run.closedVus.toSorted()).toEqual([1, 2, 3]);
  expect(run.iterations.every(({ lagUs }) => lagUs === -1)).toBe(true);
});

test("ramp_up starts VU i of n at (i - 1) / n of its time", async () => {
  const load: Load = { mode: "constant-vus", vus: 4, durationMs: 2 * second, rampUpMs: second };
  const run = await stageRun([createScenario(load)], { iterationMs: 10 * second });
  await run.clock.turn(2 * second);
  expect(run.iterations.map(({ vuId, at }) => [vuId, at])).toEqual([
    [1, 0],
    [2, 250],
    [3, 500],
    [4, 750],
  ]);
  await run.part.close();
});

test("graceful_stop bounds what runs at the end; then it is interrupted and counted as such", async () => {
  const run = await stageRun([createScenario(constant(2), { gracefulStopMs: 500 })], { iterationMs: 5 * second });
  await run.clock.turn(1499);
  expect(run.done).toBe(false);
  await run.clock.turn(1);
  expect(run.iterations.map(({ outcome, endedAt }) => [outcome, endedAt])).toEqual([
    ["interrupted", 1500],
    ["interrupted", 1500],
  ]);
  expect(run.done).toBe(true);
  expect(run.sumCounter("iterations")).toBe(0);
  expect(run.sumCounter("interrupted_iterations")).toBe(2);
});

test("ramping VUs follow the stages up and down; a leaving VU finishes within graceful_ramp_down", async () => {
  const load: Load = {
    mode: "ramping-vus",
    startVus: 1,
    stages: [
      { durationMs: second, target: 3 },
      { durationMs: second, target: 1 },
      { durationMs: second, target: 1 },
    ],
    gracefulRampDownMs: 100,
  };
  const run = await stageRun([createScenario(load)], { iterationMs: 300 });
  await run.clock.turn(5 * second);
  const starts = (id: number) => run.iterations.filter(({ vuId }) => vuId === id).map(({ at }) => at);
  expect(starts(2)).toEqual([500, 800, 1100, 1400, 1700]);
  expect(starts(3)).toEqual([1000, 1300]);
  // VU 3 leaves at 1500 in the middle of an iteration that would end at 1600; VU 2 at 2000, its own ends then.
  expect(run.iterations.filter(({ vuId }) => vuId === 3).at(-1)).toMatchObject({ outcome: "passed", endedAt: 1600 });
  expect(starts(1)).toHaveLength(10);
  expect(run.done).toBe(true);
});

test("a VU that does not finish within graceful_ramp_down is interrupted, and comes back as a new one", async () => {
  const stages = [
    { durationMs: 0, target: 1 },
    { durationMs: second, target: 1 },
    { durationMs: 0, target: 2 },
    { durationMs: second, target: 2 },
  ];
  const load: Load = { mode: "ramping-vus", startVus: 2, stages, gracefulRampDownMs: 200 };
  const run = await stageRun([createScenario({ ...load, stages: [{ durationMs: 500, target: 2 }, ...stages] })], {
    iterationMs: 5 * second,
  });
  await run.clock.turn(2 * second);
  const second2 = run.iterations.filter(({ vuId }) => vuId === 2);
  expect(second2.map(({ at, endedAt, outcome, vuIteration }) => [at, endedAt, outcome, vuIteration])).toEqual([
    [0, 700, "interrupted", 0],
    [1500, -1, null, 1],
  ]);
  await run.part.close();
});

test("per-VU iterations: each VU runs its number, the run ends with the last", async () => {
  const load: Load = { mode: "per-vu-iterations", vus: 3, iterations: 4, maxDurationMs: 60 * second };
  const run = await stageRun([createScenario(load)], { iterationMs: ({ vuId }) => vuId * 10 });
  await run.clock.turn(119);
  expect(run.done).toBe(false);
  await run.clock.turn(1);
  expect(run.done).toBe(true);
  expect(run.iterations).toHaveLength(12);
  expect(run.sumCounter("dropped_iterations")).toBe(0);
});

test("per-VU iterations that max_duration leaves over are dropped and counted", async () => {
  const load: Load = { mode: "per-vu-iterations", vus: 2, iterations: 10, maxDurationMs: 95 };
  const run = await stageRun([createScenario(load)], { iterationMs: 30 });
  await run.clock.turn(200);
  expect(run.done).toBe(true);
  expect(run.sumCounter("iterations")).toBe(8);
  expect(run.sumCounter("dropped_iterations")).toBe(12);
});

test("shared iterations: each global index once, whoever is quicker takes more", async () => {
  const load: Load = { mode: "shared-iterations", vus: 3, iterations: 100, maxDurationMs: 60 * second };
  const run = await stageRun([createScenario(load)], { iterationMs: ({ vuId }) => (vuId === 1 ? 5 : 20) });
  await run.clock.turn(2 * second);
  expect(run.done).toBe(true);
  expect(run.iterations.map(({ iteration }) => iteration).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 100 }, (_, at) => at),
  );
  expect(run.iterations.filter(({ vuId }) => vuId === 1).length).toBeGreaterThan(60);
});

test("a stop drops the shared iterations nobody began", async () => {
  const load: Load = { mode: "shared-iterations", vus: 2, iterations: 100, maxDurationMs: 60 * second };
  const run = await stageRun([createScenario(load)], { iterationMs: 100 });
  await run.clock.turn(250);
  run.part.stop(second);
  await run.clock.turn(100);
  expect(run.done).toBe(true);
  expect([run.sumCounter("iterations"), run.sumCounter("dropped_iterations")]).toEqual([6, 94]);
});

test("externally controlled VUs are set while they run, over a time where asked", async () => {
  const load: Load = { mode: "externally-controlled", vus: 1, maxVus: 10, durationMs: null };
  const run = await stageRun([createScenario(load)], { iterationMs: 60 * second });
  await run.clock.turn(second);
  run.part.scale(0, 1000, 5, 400);
  await run.clock.turn(second);
  expect(run.iterations.map(({ vuId, at }) => [vuId, at])).toEqual([
    [1, 0],
    [2, 1100],
    [3, 1200],
    [4, 1300],
    [5, 1400],
  ]);
  run.part.stop(0);
  await run.clock.turn(1);
  expect(run.done).toBe(true);
});

test("constant VUs scale beyond the plan with ids of their own; surplus VUs leave", async () => {
  const run = await stageRun(
    [createScenario(constant(2, 10 * second)), createScenario(constant(1, 10 * second), { name: "b" })],
    { iterationMs: 100 },
  );
  await run.clock.turn(150);
  run.part.scale(0, 150, 4, 0);
  await run.clock.turn(100);
  expect(
    run.iterations.filter(({ scenario, at }) => scenario === "default" && at === 150).map(({ vuId }) => vuId),
  ).toEqual([4, 6]);
  run.part.scale(0, 250, 1, 0);
  await run.clock.turn(150);
  expect(
    run.iterations.filter(({ scenario, at }) => scenario === "default" && at > 310).map(({ vuId }) => vuId),
  ).toEqual([1]);
  expect(new Set(run.iterations.map(({ iteration }) => iteration)).size).toBe(run.iterations.length);
  await run.part.close();
});

test("pacing is the least time between two starts, think time follows each iteration", async () => {
  const paced = await stageRun([createScenario(constant(1), { pacingMs: 250 })], { iterationMs: 100 });
  await paced.clock.turn(2 * second);
  expect(paced.iterations.map(({ at }) => at)).toEqual([0, 250, 500, 750]);
  expect(paced.done).toBe(true);
  const thinking = await stageRun([createScenario(constant(1), { pacingMs: 250 })], { iterationMs: 100, thinkMs: 300 });
  await thinking.clock.turn(2 * second);
  expect(thinking.iterations.map(({ at }) => at)).toEqual([0, 400, 800]);
  expect(thinking.frames[0]?.series.find(({ key }) => key.metric === "iteration_duration")).toMatchObject({
    min: 100_000,
    max: 100_000,
  });
});

test("a pause lets iterations finish, starts none, and keeps the remaining time", async () => {
  const run = await stageRun([createScenario(constant(1))], { iterationMs: 100 });
  const paused = run.part.pause(450);
  await run.clock.turn(5 * second);
  expect(await paused).toBe(450);
  expect(run.iterations.map(({ at }) => at)).toEqual([0, 100, 200, 300, 400]);
  expect(run.done).toBe(false);
  run.part.resume(run.clock.now(), 450);
  await run.clock.turn(601);
  expect(run.done).toBe(true);
  expect(run.iterations).toHaveLength(5 + 6);
  expect(run.iterations.at(-1)?.at).toBeCloseTo(5500.001, 6);
});

test("a stop in a pause ends the run", async () => {
  const run = await stageRun([createScenario(constant(2, 60 * second))], { iterationMs: 100 });
  const paused = run.part.pause(150);
  await run.clock.turn(second);
  expect(await paused).toBe(150);
  run.part.stop(second);
  await run.clock.turn(0);
  expect(run.done).toBe(true);
});

test("stop again with less grace shortens it; stop with none interrupts at once", async () => {
  const run = await stageRun([createScenario(constant(1, 60 * second))], { iterationMs: 20 * second });
  await run.clock.turn(second);
  run.part.stop(10 * second);
  await run.clock.turn(second);
  run.part.stop(500);
  await run.clock.turn(500);
  expect(run.iterations[0]).toMatchObject({ outcome: "interrupted", endedAt: 2500 });
  expect(run.done).toBe(true);
});

test("start_time delays a scenario on the test clock", async () => {
  const run = await stageRun(
    [createScenario(constant(1, 200)), createScenario(constant(1, 200), { name: "late", startTimeMs: 500 })],
    { iterationMs: 100 },
  );
  await run.clock.turn(second);
  expect(run.iterations.map(({ scenario, vuId, at }) => [scenario, vuId, at])).toEqual([
    ["default", 1, 0],
    ["default", 1, 100],
    ["late", 2, 500],
    ["late", 2, 600],
  ]);
  expect(run.done).toBe(true);
});

test("a VU whose vu_setup fails does nothing; where all fail a finite load ends", async () => {
  const load: Load = { mode: "per-vu-iterations", vus: 2, iterations: 3, maxDurationMs: 60 * second };
  const half = await stageRun([createScenario(load)], { vuSetup: { ms: 50, passes: (id) => id === 1 } });
  await half.clock.turn(second);
  expect(half.done).toBe(true);
  expect(half.iterations.map(({ vuId, at }) => [vuId, at])).toEqual([
    [1, 50],
    [1, 60],
    [1, 70],
  ]);
  expect(half.sumCounter("dropped_iterations")).toBe(3);
  expect(half.tornDownVus.toSorted()).toEqual([1, 2]);
});

test("iterations that never wait leave the event loop its turns", async () => {
  const run = await stageRun(
    [createScenario({ mode: "shared-iterations", vus: 2, iterations: 5, maxDurationMs: second })],
    { iterationMs: 0 },
  );
  await run.clock.turn(20);
  expect(run.done).toBe(true);
});

test("10,000 VUs start at once", async () => {
  const run = await stageRun([createScenario(constant(10_000))], { iterationMs: 2 * second });
  await run.clock.turn(10);
  expect(run.iterations).toHaveLength(10_000);
  expect(run.iterations.at(-1)?.vuId).toBe(10_000);
  run.part.stop(0);
  await run.clock.turn(1);
  expect(run.done).toBe(true);
});

test("a fault of the engine is reported once and closes the run", async () => {
  const run = await stageRun([createScenario(constant(2))], {
    iterationMs: () => {
      throw new Error("broken");
    },
  });
  await run.clock.turn(100);
  expect(run.faults).toHaveLength(1);
  expect(run.closedVus.toSorted()).toEqual([1, 2]);
  expect(run.clock.pending).toBe(0);
});
