import { expect, test } from "vitest";
import { createScenario, stageRun } from "../../../test/support/staged-run.ts";
import { packIndices } from "../../plan/move-indices.ts";
import type { Load } from "../../protocol/load.ts";
import type { ArrivalPattern, Share } from "../../protocol/plan.ts";

const second = 1000;
const load: Load = {
  mode: "constant-arrival-rate",
  rate: 10,
  timeUnitMs: second,
  durationMs: 3 * second,
  preAllocatedVus: 6,
  maxVus: 6,
};
const all: ArrivalPattern = { from: 0, to: null, period: 1, offsets: [0] };
const shareOf = (vus: readonly number[], arrivals: readonly ArrivalPattern[]): Share => ({
  scenarios: [{ vus: packIndices(vus), arrivals, iterations: [] }],
});
const ksOf = (run: { readonly iterations: readonly { readonly iteration: number }[] }) =>
  run.iterations.map(({ iteration }) => iteration);

test("nothing from the cut on starts; windows granted later do, late ones at once", async () => {
  const run = await stageRun([createScenario(load)], { iterationMs: 20 });
  await run.clock.turn(510);
  const released = run.part.release(shareOf([1, 2, 3, 4, 5, 6], [{ ...all, to: 8 }]));
  await run.clock.turn(1_000);
  expect(await released).toEqual([[]]);
  expect(ksOf(run)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  const odd = { from: 8, to: null, period: 2, offsets: [1] };
  run.part.grant(shareOf([1, 2, 3, 4, 5, 6], [{ ...all, to: 8 }, odd]));
  await run.clock.turn(2 * second);
  expect(ksOf(run).slice(8)).toEqual([9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29]);
  const late = run.iterations.filter(({ iteration }) => iteration > 8 && iteration < 16);
  expect(late.every(({ at }) => at < 1_520)).toBe(true);
  expect(late.map(({ iteration, at, lagUs }) => Math.abs(lagUs - (at - iteration * 100) * 1000) < 1)).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect([run.done, run.sumCounter("dropped_iterations")]).toEqual([true, 0]);
});

test("a cut that is put off lets the same windows reach further", async () => {
  const run = await stageRun([createScenario(load)], { iterationMs: 20 });
  await run.clock.turn(110);
  for (const to of [4, 9]) {
    const released = run.part.release(shareOf([1, 2], [{ ...all, to }]));
    await run.clock.turn(60);
    expect(await released).toEqual([[]]);
  }
  await run.clock.turn(2 * second);
  expect(ksOf(run)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  await run.part.close();
});

test("VUs that are given up leave when they are free, those that are kept serve on", async () => {
  const run = await stageRun([createScenario(load)], { iterationMs: 250 });
  await run.clock.turn(210);
  const busy = run.iterations.map(({ vuId }) => vuId);
  const kept = [1, 2, 3, 4, 5, 6].filter((vu) => vu !== busy[2]);
  const released = run.part.release(shareOf(kept, [all]));
  await run.clock.turn(235);
  expect(run.closedVus).toEqual([]);
  await run.clock.turn(10);
  expect(await released).toEqual([[]]);
  expect(run.closedVus).toEqual([busy[2]]);
  await run.clock.turn(5 * second);
  expect(run.done).toBe(true);
  expect(ksOf(run)).toHaveLength(30);
  expect(run.iterations.slice(3).some(({ vuId }) => vuId === busy[2])).toBe(false);
});

test("where all VUs go they serve the windows that are left to the end", async () => {
  const run = await stageRun([createScenario(load)], { iterationMs: 50 });
  await run.clock.turn(310);
  let released = false;
  const work = run.part.release(shareOf([], [{ ...all, to: 9 }])).then(() => {
    released = true;
  });
  await run.clock.turn(530);
  expect(released).toBe(false);
  await run.clock.turn(20);
  await work;
  expect(ksOf(run)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(run.closedVus.toSorted()).toEqual([1, 2, 3, 4, 5, 6]);
  await run.part.close();
});

test("granted VUs join the pool", async () => {
  const run = await stageRun([createScenario(load)], {
    iterationMs: 5 * second,
    cut: () => shareOf([2], [all]),
  });
  await run.clock.turn(150);
  run.part.grant(shareOf([2, 5, 6], [all]));
  await run.clock.turn(second);
  expect(run.iterations.map(({ vuId, at }) => [vuId, Math.round(at)])).toEqual([
    [2, 0],
    [6, 200],
    [5, 300],
  ]);
  await run.part.close();
});
