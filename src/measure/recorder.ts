import type { ErrorSample } from "../protocol/frame.ts";

export type Tags = Readonly<Record<string, string>>;

/**
 * Where a thread's measurements go. Handles are made once (at compile time, or at the first status or error of a
 * kind) and kept by the caller; recording through a handle is a few typed-array writes, without allocation.
 * Asking twice for the same metric and tags gives the same handle. Beyond the bound on series a handle of the
 * metric's `overflow` series is given, and the records that go there are counted.
 */
export interface Recorder {
  counter(metric: string, tags: Tags): Counter;
  gauge(metric: string, tags: Tags): Gauge;
  rate(metric: string, tags: Tags): Rate;
  trend(metric: string, tags: Tags): Trend;
  /** Counts a failure; `sample` is called only for the first of its kind (code, step, message). Kinds are bounded. */
  error(stepId: string, code: string, message: string, sample: (() => ErrorSample) | null): void;
}

export interface Counter {
  /** `amount` is a non-negative safe integer (bytes, pieces). */
  add(amount: number): void;
}

export interface Gauge {
  set(value: number): void;
}

export interface Rate {
  add(pass: boolean): void;
}

export interface Trend {
  /** An integer: microseconds for times, value x 1000 for custom trends. Negative times are recorded as 0 by the caller. */
  add(value: number): void;
}
