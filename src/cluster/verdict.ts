import { totalOf } from "../measure/snapshot.ts";
import type { Reason, Report, ThresholdResult } from "../protocol/report.ts";
import { describeLimit } from "./describe-limit.ts";
import { decideThresholds } from "./live-thresholds.ts";
import type { OwnerState } from "./owner-state.ts";

/** How an execution ended. */
export interface Verdict {
  readonly status: Report["status"];
  readonly passed: boolean;
  readonly reason: Reason | null;
}

/**
 * The outcomes that decide an execution at a test time, in the workflow's order: after a search for the limit those of the
 * highest level that held, or of the first.
 */
export function decideOutcomes(state: OwnerState, testTimeMs: number): readonly ThresholdResult[] {
  const found = describeLimit(state);
  const level = found?.levels.find(({ target, held }) =>
    found.limit === null ? true : held && target === found.limit,
  );
  return level?.thresholds ?? decideThresholds(state.thresholds, state.snapshot, testTimeMs);
}

/**
 * Judges an execution that is over. The first cause of an early end wins; without one, failed thresholds come before
 * "nothing succeeded"; a search that found no limit is as one that failed. A run that was stopped is aborted, and passes if it has thresholds and they hold so far.
 */
export function judgeExecution(state: OwnerState, thresholds: readonly ThresholdResult[]): Verdict {
  const hold = thresholds.every(({ passed }) => passed === true) && describeLimit(state)?.limit !== null;
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
