import type { IterationOutcome } from "../flow/compiled.ts";
import type { Recorder, Tags } from "../measure/recorder.ts";

/** Records what becomes of a scenario's iterations. */
export interface IterationMeter {
  /** Passed and failed ones so far. */
  readonly completed: number;
  /** `Clock.now()` at the start and at the end; `thoughtMs` between them were think time. Interrupted iterations are in no metric but their own count. */
  recordEnd(outcome: IterationOutcome, startedAt: number, endedAt: number, thoughtMs: number): void;
  /** How far behind its plan an iteration began, µs. */
  recordLag(lagUs: number): void;
  /** Iterations that were planned and never began. */
  recordDropped(count: number): void;
}

export function createIterationMeter(recorder: Recorder, tags: Tags): IterationMeter {
  const iterations = recorder.counter("iterations", tags);
  const duration = recorder.trend("iteration_duration", tags);
  const failed = recorder.rate("iteration_failed", tags);
  const dropped = recorder.counter("dropped_iterations", tags);
  const interrupted = recorder.counter("interrupted_iterations", tags);
  const lag = recorder.trend("iteration_lag", tags);
  let completed = 0;
  return {
    get completed() {
      return completed;
    },
    recordEnd(outcome, startedAt, endedAt, thoughtMs) {
      if (outcome === "interrupted") {
        interrupted.add(1);
        return;
      }
      completed++;
      iterations.add(1);
      duration.add(Math.max(0, Math.round((endedAt - startedAt - thoughtMs) * 1000)));
      failed.add(outcome === "failed");
    },
    recordLag: (lagUs) => lag.add(lagUs),
    recordDropped(count) {
      if (count > 0) dropped.add(count);
    },
  };
}
