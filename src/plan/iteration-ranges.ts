import type { IterationRange } from "../protocol/plan.ts";

/** How many iterations the ranges hold. */
export function countIterations(ranges: readonly IterationRange[]): number {
  return ranges.reduce((sum, [from, to]) => sum + to - from, 0);
}
