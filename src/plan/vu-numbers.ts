import type { Plan } from "../protocol/plan.ts";

/** Iterations of VUs beyond the plan are numbered from here, 2^32 for each. */
const beyondPlan = 2 ** 52;

/**
 * `vu.id` of a scenario's VU index (both from 1): unique in the cluster, whatever is scaled. Indices beyond the plan's
 * largest count follow after all planned ids, the scenarios taking turns.
 */
export function computeVuId(plan: Plan, scenario: number, index: number): number {
  const planned = plan.scenarios[scenario];
  if (planned === undefined || index <= planned.largestVus) return (planned?.vuBase ?? 0) + index;
  return plan.vus + (index - planned.largestVus - 1) * plan.scenarios.length + scenario + 1;
}

/**
 * `iteration` where the mode has no global index: unique in the cluster for up to 2^20 VUs beyond the plan.
 * `vuIteration` is from 0.
 */
export function computeIterationNumber(plan: Plan, vuId: number, vuIteration: number): number {
  if (vuId <= plan.vus) return vuIteration * plan.vus + vuId - 1;
  return beyondPlan + (vuId - plan.vus - 1) * 2 ** 32 + vuIteration;
}
