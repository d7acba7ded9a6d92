import type { Plan } from "../protocol/plan.ts";
import { countStartsPerSecond } from "../plan/count-starts-per-second.ts";

/** A plan below both does not need a second thread. */
const manyVus = 200;
const manyStartsPerSecond = 2_000;

/** How many worker threads a plan gets unless the user says: 1 for a small load, else one per core, never more than VUs. */
export function chooseThreads(plan: Plan, cores: number): number {
  if (plan.vus < manyVus && countStartsPerSecond(plan) < manyStartsPerSecond) return 1;
  return Math.max(1, Math.min(cores, plan.vus));
}
