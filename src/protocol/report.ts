import type { Json, JsonObject } from "./json.ts";
import type { LimitSearch } from "./limit-search.ts";
import type { OutputType } from "./output.ts";

/** The report of an execution, exactly as `--json`, `--out-json` and `/report` show it (CONTRACT 5). */
export interface Report {
  readonly schema: 1;
  readonly engine_version: string;
  readonly execution_id: string;
  readonly workflow_id: string;
  readonly workflow_name: string;
  readonly status: "completed" | "failed" | "aborted";
  readonly passed: boolean;
  readonly degraded: boolean;
  readonly reason: Reason | null;
  /** RFC 3339 UTC. */
  readonly start_time: string | null;
  readonly end_time: string;
  readonly duration_ms: number;
  readonly paused_ms: number;
  readonly options: JsonObject;
  readonly tags: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, ReportMetric>>;
  readonly step_metrics: Readonly<Record<string, StepMetrics>>;
  readonly checks: readonly CheckResult[];
  /** After a search for the limit they are those of the highest level that held, or of the first. */
  readonly thresholds: readonly ThresholdResult[];
  /** null: no scenario searched for its limit. */
  readonly find_limit: FoundLimit | null;
  readonly errors: readonly ReportError[];
  readonly events: readonly ExecutionEvent[];
  readonly slaves: readonly ReportSlave[];
  readonly start_skew_ms: number | null;
  readonly lost: { readonly iterations: number; readonly interval_ms: number; readonly estimated: boolean };
  readonly late: { readonly frames: number; readonly http_reqs: number; readonly iterations: number };
  readonly warm_up: { readonly http_reqs: number; readonly iterations: number };
  readonly timeseries: TimeSeries;
  readonly generator: { readonly verdict: "ok" | "saturated"; readonly reasons: readonly string[] };
  /** Metrics whose series did not fit into the bound, with the number of records that went to `overflow`. */
  readonly series_overflow: Readonly<Record<string, number>>;
  /** The live streams, in the order in which they were asked for. */
  readonly outputs: readonly ReportOutput[];
}

/** How a live stream of metrics fared; the numbers are points. */
export interface ReportOutput {
  readonly type: OutputType;
  /** Without credentials. */
  readonly target: string;
  readonly sent: number;
  readonly dropped: number;
  /** Attempts after a failed one. */
  readonly retries: number;
  /** null: nothing ever failed. */
  readonly last_error: string | null;
}

/** The same while it runs. */
export interface OutputState extends ReportOutput {
  /** Points that are still to be sent. */
  readonly waiting: number;
  /** The latest attempt failed, or it could not be opened. */
  readonly failing: boolean;
}

export type Reason =
  | "thresholds"
  | "setup_failed"
  | "setup_timeout"
  | "teardown_timeout"
  | "setup_lost"
  | "start_failed"
  | "nothing_succeeded"
  | "slaves_lost"
  | "stopped_by_api"
  | "stopped_by_signal"
  | "internal";

export interface ReportMetric {
  readonly type: "counter" | "gauge" | "rate" | "trend";
  /** What the numbers are: milliseconds for `time`. */
  readonly contains: "default" | "time" | "data";
  /** k6's keys: `count rate` · `value min max` · `rate passes fails` · `min avg med max p(90) … count`. Unknown: null. */
  readonly values: Readonly<Record<string, number | null>>;
  /** Occupied buckets of a trend: [lowest value, highest value, count], in the metric's unit. */
  readonly histogram?: readonly (readonly [low: number, high: number, count: number])[];
  readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>;
}

export interface StepMetrics {
  readonly step_id: string;
  readonly count: number;
  readonly success_count: number;
  readonly failure_count: number;
  readonly duration: DurationSummary;
}

/** Milliseconds, 3 decimals; null without data. */
export interface DurationSummary {
  readonly min: number | null;
  readonly max: number | null;
  readonly avg: number | null;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly p99_9: number | null;
}

export interface CheckResult {
  readonly name: string;
  readonly step_id: string;
  readonly passes: number;
  readonly fails: number;
}

export interface ThresholdResult {
  readonly metric: string;
  readonly condition: string;
  /** null: not decided yet. */
  readonly passed: boolean | null;
  /** The measured value in the metric's unit; null without data. */
  readonly value: number | null;
}

/** A level of a search that was judged. */
export interface LimitLevel {
  /** Iterations per second, or VUs. */
  readonly target: number;
  /** Test time, ms, from the settling on. */
  readonly from_ms: number;
  readonly to_ms: number;
  readonly held: boolean;
  /** Iterations that finished per second, and starts that found no VU, in the part that was judged. */
  readonly achieved_per_s: number;
  readonly dropped: number;
  /** Over the part that was judged, in the workflow's order. */
  readonly thresholds: readonly ThresholdResult[];
  /** What broke it; null: it held. */
  readonly why: string | null;
}

/** What a search came to, or has come to so far. */
export interface FoundLimit {
  readonly scenario: string;
  readonly of: LimitSearch["of"];
  /** The highest target that held; null: none did. */
  readonly limit: number | null;
  /** Why nothing above it holds, or why it ended before that was known. */
  readonly reason: string;
  /** In the order in which they were tried. */
  readonly levels: readonly LimitLevel[];
}

export interface ReportError {
  readonly code: string;
  readonly message: string;
  readonly step_id: string;
  readonly count: number;
  readonly first_seen: string;
  readonly last_seen: string;
  readonly sample: {
    readonly time: string;
    readonly url: string;
    readonly status: number;
    readonly body: string;
  } | null;
}

export type EventType =
  | "started"
  | "paused"
  | "resumed"
  | "scaled"
  | "stopped"
  | "slave_lost"
  | "slave_joined"
  | "slave_drained"
  | "moved"
  | "capacity_short"
  | "owner_changed"
  | "suspended"
  | "threshold_crossed"
  | "data_over"
  | "rows_lost"
  | "frames_lost"
  | "teardown_not_run";

export interface ExecutionEvent {
  readonly time: string;
  readonly type: EventType;
  readonly message: string;
  readonly slave_id?: string;
}

export interface ReportSlave {
  readonly id: string;
  readonly vus: number;
  readonly iterations: number;
  readonly cpu: number | null;
  readonly event_loop_lag_ms: number | null;
}

export interface TimeSeries {
  readonly interval_ms: number;
  readonly points: readonly TimePoint[];
}

export interface TimePoint {
  readonly timestamp: string;
  readonly elapsed_ms: number;
  readonly planned_vus: number;
  readonly active_vus: number;
  readonly iterations_per_s: number;
  readonly requests_per_s: number;
  readonly error_rate: number | null;
  readonly errors: Readonly<Record<string, number>>;
  readonly avg_ms: number | null;
  readonly p50_ms: number | null;
  readonly p90_ms: number | null;
  readonly p95_ms: number | null;
  readonly p99_ms: number | null;
  readonly p95_corrected_ms: number | null;
  readonly data_sent_per_s: number;
  readonly data_received_per_s: number;
}

/** What setup and teardown hand on: values by variable name. */
export type SharedValues = Readonly<Record<string, Json>>;
