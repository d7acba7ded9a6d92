import type { Clock } from "../protocol/ports.ts";
import type { Retry, Step } from "../protocol/workflow.ts";
import { after } from "./after.ts";
import type { Attempt } from "./attempt.ts";
import { interrupted } from "./outcome.ts";
import type { RunSteps } from "./place.ts";
import { waitUntil } from "./wait.ts";

/**
 * Runs a step's attempts: one, or as many as `on_error: retry` gives it. No attempt begins at or after the deadline: where
 * the wait would reach it, the attempt before is the last.
 */
export function compileAttempts<Tried>(step: Step, attempt: Attempt<Tried>, clock: Clock): RunSteps {
  if (step.onError !== "retry" || step.retry.maxAttempts <= 1) {
    return (vu, deadline) => after(attempt.run(vu, deadline), (tried) => attempt.settle(vu, tried, null));
  }
  const { retry } = step;
  return async (vu, deadline) => {
    const startedAt = clock.now();
    const { thoughtMs } = vu;
    for (let number = 1; ; number++) {
      const tried = await attempt.run(vu, deadline);
      const now = clock.now();
      const next = now + retryDelay(retry, number);
      if (number === retry.maxAttempts || next >= deadline || !attempt.hasFailed(vu, tried)) {
        return attempt.settle(vu, tried, number === 1 ? null : now - startedAt - (vu.thoughtMs - thoughtMs));
      }
      if (!(await waitUntil(next, clock, vu.halt))) return interrupted;
    }
  };
}

/** Milliseconds between attempt `number` (from 1) and the next. */
export function retryDelay({ backoff, delayMs, maxDelayMs }: Retry, number: number): number {
  const factor = backoff === "fixed" ? 1 : backoff === "linear" ? number : 2 ** (number - 1);
  return Math.min(delayMs * factor, maxDelayMs);
}
