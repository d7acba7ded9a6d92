import type { OnError } from "../protocol/workflow.ts";

/**
 * What a step, or a list of steps, means for what follows. Ordered: of several the largest counts.
 * 0 passed · 1 failed: go on, the iteration counts as failed · 2 aborted: failed, nothing more of the iteration runs ·
 * 3 interrupted: cut short by a stop, the iteration neither passes nor fails.
 */
export type Outcome = 0 | 1 | 2 | 3;

export const passed = 0;
export const failed = 1;
export const aborted = 2;
export const interrupted = 3;

/** What a failed step means for the iteration; `retry` has used up its attempts. */
export const outcomeOfFailure: Readonly<Record<OnError, Outcome>> = {
  abort: aborted,
  retry: aborted,
  continue: failed,
  skip: passed,
};
