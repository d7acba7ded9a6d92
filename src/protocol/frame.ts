import type { IndexRun } from "./plan.ts";
import type { MetricType } from "./workflow.ts";

/**
 * What a source measured since its previous frame: a delta, never changed after it was sent.
 * Frames of one interval merge in any order to the same bits: everything is an integer count or sum.
 */
export interface Frame {
  /** 1, 2, 3 … per source. */
  readonly number: number;
  /** Whole seconds since the start instant (wall time of the slave); 0 also before it. */
  readonly second: number;
  /** Test time at the end of the frame, ms. */
  readonly testTimeMs: number;
  /** Measured during warm_up: kept out of metrics and thresholds. */
  readonly warmUp: boolean;
  readonly series: readonly SeriesDelta[];
  readonly errors: readonly ErrorDelta[];
  /** VU counts by scenario, at the end of the frame where nothing else is said. */
  readonly vus: readonly VuCount[];
  /** VUs with iterations of their own that begin no more on this source; only where an owner counts. Absent: none. */
  readonly halted?: readonly HaltedVus[];
  /** Series that did not fit into the bound and were counted under `overflow`, by metric name. */
  readonly overflow: Readonly<Record<string, number>>;
  readonly generator: GeneratorSample;
  /** Absent: it follows the frame before it. */
  readonly gap?: FrameGap;
}

/**
 * A frame with a gap measured nothing: it stands for frames that were acknowledged and are kept by nobody any more, where
 * its owner's store has come back without them.
 */
export interface FrameGap {
  /** It stands for all frames after this number, through its own. */
  readonly after: number;
  /** By scenario: iterations whose fate the source's frames through its own have told. */
  readonly told: Readonly<Record<string, number>>;
}

/** VUs of a scenario on one source. */
export interface VuCount {
  readonly scenario: string;
  /** Started and not ended, think time included. */
  readonly active: number;
  /** The most that were active at once since the previous frame: a short load is over before its only frame ends. */
  readonly most: number;
  /** Initialised. */
  readonly allocated: number;
  /** What the profile asks of this share now. */
  readonly planned: number;
  readonly iterations: number;
}

/**
 * VUs of a scenario that were given up, or whose load is over: each of them has begun this many iterations, here and
 * before. Who has begun none needs no word.
 */
export interface HaltedVus {
  readonly scenario: string;
  readonly begun: number;
  readonly vus: readonly IndexRun[];
}

/** The generator's look at itself since the previous frame. */
export interface GeneratorSample {
  /** Of one core per thread, 0..1. */
  readonly cpu: number;
  /** Largest event-loop delay seen, ms. */
  readonly eventLoopLagMs: number;
  /** Resident bytes of the process. */
  readonly memory: number;
}

export interface SeriesKey {
  readonly metric: string;
  readonly type: MetricType;
  /** Sorted by key. */
  readonly tags: Readonly<Record<string, string>>;
}

/** A series' part of a frame, self-describing. */
export type SeriesDelta = { readonly key: SeriesKey } & SeriesValue;

export type SeriesValue =
  | { readonly type: "counter"; readonly sum: number }
  | { readonly type: "gauge"; readonly value: number; readonly min: number; readonly max: number }
  | { readonly type: "rate"; readonly passes: number; readonly total: number }
  | TrendValue;

/** Times are integer microseconds, custom trends are x 1000. `sum` stays a safe integer within a frame. */
export interface TrendValue {
  readonly type: "trend";
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  /** Occupied buckets, ascending, with their counts at the same place. */
  readonly buckets: Int32Array;
  readonly counts: Uint32Array;
}

/** Failures with one code, step and message class since the previous frame. */
export interface ErrorDelta {
  readonly code: string;
  readonly stepId: string;
  readonly message: string;
  readonly count: number;
  /** Epoch ms. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** The first one seen by this source; only in the frame that introduces the error. Masked. */
  readonly sample: ErrorSample | null;
}

export interface ErrorSample {
  readonly time: number;
  readonly url: string;
  readonly status: number;
  /** At most 1 KiB. */
  readonly body: string;
}
