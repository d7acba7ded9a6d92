import { expect, test } from "vitest";
import { createScenario, createWorkflow } from "../../test/support/staged-run.ts";
import type { Load } from "../protocol/load.ts";
import { makePlan } from "./make-plan.ts";
import { computeIterationNumber, computeVuId } from "./vu-numbers.ts";

const stages = [
  { durationMs: 1000, target: 8 },
  { durationMs: 500, target: 0 },
];

test.each<readonly [Load, vus: number, durationMs: number | null]>([
  [{ mode: "constant-vus", vus: 5, durationMs: 1000, rampUpMs: 500 }, 5, 1000],
  [{ mode: "ramping-vus", startVus: 3, stages, gracefulRampDownMs: 0 }, 8, 1500],
  [{ mode: "per-vu-iterations", vus: 4, iterations: 9, maxDurationMs: 600 }, 4, 600],
  [{ mode: "shared-iterations", vus: 4, iterations: 9, maxDurationMs: 600 }, 4, 600],
  [
    { mode: "constant-arrival-rate", rate: 5, timeUnitMs: 1000, durationMs: 700, preAllocatedVus: 2, maxVus: 6 },
    6,
    700,
  ],
  [{ mode: "ramping-arrival-rate", startRate: 5, timeUnitMs: 1000, stages, preAllocatedVus: 2, maxVus: 2 }, 2, 1500],
  [{ mode: "externally-controlled", vus: 1, maxVus: 7, durationMs: null }, 7, null],
])("the plan of $mode", (load, vus, durationMs) => {
  expect(makePlan(createWorkflow([createScenario(load)]))).toMatchObject({
    vus,
    scenarios: [{ vuBase: 0, largestVus: vus, durationMs }],
  });
});

test("vu ids of all scenarios and scaled VUs are distinct, and so are their iterations", () => {
  const load = (vus: number): Load => ({ mode: "constant-vus", vus, durationMs: 1000, rampUpMs: 0 });
  const plan = makePlan(createWorkflow([createScenario(load(3)), createScenario(load(5), { name: "b" })]));
  expect(plan.scenarios.map(({ vuBase }) => vuBase)).toEqual([0, 3]);
  const ids = [0, 1].flatMap((scenario) => Array.from({ length: 20 }, (_, at) => computeVuId(plan, scenario, at + 1)));
  expect(new Set(ids).size).toBe(40);
  expect(ids.slice(0, 5)).toEqual([1, 2, 3, 9, 11]);
  const iterations = ids.flatMap((id) => [0, 1, 2].map((begun) => computeIterationNumber(plan, id, begun)));
  expect(new Set(iterations).size).toBe(120);
});
