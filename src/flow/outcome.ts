import type { OnError } from "../protocol/workflow.ts";

/**
 * What a step, or a list of steps, means for what follows.
 * 0 passed · 1 failed: go on, the iteration counts as failed · 2, 3: the same two, but a `break` or `continue` leaves
 * everything up to its loop (`FlowVu.jump` says which) · 4 aborted: failed, nothing more of the iteration runs ·
 * 5 interrupted: cut short by a stop, the iteration neither passes nor fails.
 */
export type Outcome = 0 | 1 | 2 | 3 | 4 | 5;

export const passed = 0;
export const failed = 1;
/** Passed, and leaves: from here on nothing of the list runs. Its bit may stand beside that of `failed`. */
export const leaving = 2;
export const aborted = 4;
export const interrupted = 5;

/** What two outcomes, one after the other or side by side, mean together. */
export function combine(one: Outcome, other: Outcome): Outcome {
  return (one >= aborted || other >= aborted ? Math.max(one, other) : one | other) as Outcome;
}

/** The outcome without its jump. */
export function stay(outcome: Outcome): Outcome {
  return outcome >= aborted ? outcome : ((outcome & failed) as Outcome);
}

export function isLeaving(outcome: Outcome): boolean {
  return outcome < aborted && (outcome & leaving) !== 0;
}

/** What a failed step means for the iteration; `retry` has used up its attempts. */
export const outcomeOfFailure: Readonly<Record<OnError, Outcome>> = {
  abort: aborted,
  retry: aborted,
  continue: failed,
  skip: passed,
};
