import { toMicros } from "../quantity.ts";
import type { Counter, Rate, Recorder, Tags, Trend } from "../measure/recorder.ts";
import type { DriverOutcome } from "./call-driver.ts";

/** The metrics of a step type's calls. */
export interface CallMetrics {
  /** A counter of all calls. */
  readonly count: string;
  /** A rate of those that failed. */
  readonly failed: string;
  /** A trend of how long they took. */
  readonly duration: string;
}

/** Where the calls of one step are counted, by how they ended. */
export interface CallSeries {
  /** What was interrupted counts as a call, and tells nothing about the target. `duration`: default the whole call's, ms. */
  record(outcome: DriverOutcome<unknown>, duration?: number): void;
}

interface Handles {
  readonly count: Counter;
  readonly failed: Rate;
  readonly duration: Trend;
}

/** `tags`: the step's and what the step type adds; a failed call carries `error_code` too. */
export function createCallSeries(recorder: Recorder, tags: Tags, metrics: CallMetrics): CallSeries {
  const known = new Map<string, Handles>();
  const find = (code: string): Handles => {
    const found = known.get(code);
    if (found !== undefined) return found;
    const own = code === "" ? tags : { ...tags, error_code: code };
    const handles = {
      count: recorder.counter(metrics.count, own),
      failed: recorder.rate(metrics.failed, own),
      duration: recorder.trend(metrics.duration, own),
    };
    known.set(code, handles);
    return handles;
  };
  const well = find("");
  return {
    record(outcome, duration = outcome.duration) {
      if (outcome.kind === "interrupted" && !outcome.began) return;
      const handles = outcome.kind === "failed" ? find(outcome.failure.code) : well;
      handles.count.add(1);
      if (outcome.kind === "interrupted") return;
      handles.failed.add(outcome.kind === "failed");
      handles.duration.add(toMicros(duration));
    },
  };
}
