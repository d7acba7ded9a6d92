import { totalOf } from "../measure/snapshot.ts";
import type { Reason, Report, ThresholdResult } from "../protocol/report.ts";
import type { OwnerState } from "./owner-state.ts";

/** How an execution ended. */
export interface Verdict {
  readonly status: Report["status"];
  readonly passed: boolean;
  readonly reason: Reason | null;
}

/**
 * Judges an execution that is over. The first cause of an early end wins; without one, failed thresholds come before
 * "nothing succeeded". A run that was stopped is aborted, and passes if it has thresholds and they hold so far.
 */
export function judgeExecution(state: OwnerState, thresholds: readonly ThresholdResult[]): Verdict {
  const hold = thresholds.every(({ passed }) => passed === true);
  const reason = state.cause?.reason ?? (!hold ? "thresholds" : somethingSucceeded(state) ? null : "nothing_succeeded");
  if (reason === null) return { status: "completed", passed: true, reason };
  if (reason === "stopped_by_signal" || reason === "stopped_by_api") {
    return { status: "aborted", passed: thresholds.length > 0 && hold, reason };
  }
  return { status: "failed", passed: false, reason };
}

/** Has an iteration succeeded, warm-up included? */
function somethingSucceeded({ snapshot }: OwnerState): boolean {
  const failed = totalOf(snapshot, "iteration_failed");
  if (failed?.type === "rate" && failed.total > failed.passes) return true;
  return failed === null && snapshot.warmUp.iterations > 0;
}
