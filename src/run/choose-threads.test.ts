import { expect, test } from "vitest";
import { createScenario, createWorkflow } from "../../test/support/staged-run.ts";
import { makePlan } from "../plan/make-plan.ts";
import type { Load } from "../protocol/load.ts";
import { chooseThreads } from "./choose-threads.ts";

const vus = (count: number): Load => ({ mode: "constant-vus", vus: count, durationMs: 1000, rampUpMs: 0 });
const rate = (perMinute: number, maxVus: number): Load => ({
  mode: "constant-arrival-rate",
  rate: perMinute,
  timeUnitMs: 60_000,
  durationMs: 1000,
  preAllocatedVus: 1,
  maxVus,
});

test.each([
  ["a small load takes one thread", [vus(199)], 8, 1],
  ["many VUs take every core", [vus(200)], 8, 8],
  ["VUs of all scenarios count", [vus(100), vus(100)], 4, 4],
  ["many starts per second take every core", [rate(120_000, 100)], 8, 8],
  ["never more threads than VUs", [rate(120_000, 3)], 8, 3],
  ["few starts take one", [rate(119_000, 100)], 8, 1],
])("%s", (_, loads, cores, threads) => {
  const plan = makePlan(createWorkflow(loads.map((load, at) => createScenario(load, { name: `s${at}` }))));
  expect(chooseThreads(plan, cores)).toBe(threads);
});
