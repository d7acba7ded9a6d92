import { Type } from "./type.ts";
import type { FoundLimit, LimitLevel } from "../../../protocol/report.ts";
import type {
  CheckResult,
  ExecutionEvent,
  ReportError,
  ReportMetric,
  OutputState,
  ReportOutput,
  ReportSlave,
  StepMetrics,
  ThresholdResult,
  TimeSeries,
} from "../../../protocol/report.ts";
import { outputTypes } from "../../../protocol/output.ts";
import { exactly, mapOf, oneOf, orNull, schemaOf } from "./schema.ts";
import { count, milliseconds, moment, number } from "./values.ts";

export const reasons = [
  "thresholds",
  "setup_failed",
  "setup_timeout",
  "teardown_timeout",
  "setup_lost",
  "start_failed",
  "nothing_succeeded",
  "slaves_lost",
  "stopped_by_api",
  "stopped_by_signal",
  "internal",
] as const;

export const metricTypes = ["counter", "gauge", "rate", "trend"] as const;

/** k6's keys; unknown is null. */
export const metricValues = mapOf(orNull(number()), {
  description:
    "counter: count, rate; gauge: value, min, max; rate: rate, passes, fails; trend: min, avg, med, max, p(90), p(95), p(99), p(99.9), count",
});

export const reportMetric = schemaOf<ReportMetric>()(
  "ReportMetric",
  exactly({
    type: oneOf(metricTypes),
    contains: oneOf(["default", "time", "data"]),
    values: metricValues,
    histogram: Type.Optional(
      Type.Array(
        Type.Unsafe<[number, number, number]>({
          type: "array",
          prefixItems: [number(), number(), count()],
          minItems: 3,
          maxItems: 3,
        }),
        { description: "Occupied buckets of a trend: lowest value, highest value, count" },
      ),
    ),
    thresholds: Type.Optional(mapOf(exactly({ ok: Type.Boolean() }))),
  }),
);

const duration = (): ReturnType<typeof orNull<ReturnType<typeof milliseconds>>> => orNull(milliseconds());

export const stepMetrics = schemaOf<StepMetrics>()(
  "StepMetrics",
  exactly({
    step_id: Type.String(),
    count: count(),
    success_count: count(),
    failure_count: count(),
    duration: exactly({
      min: duration(),
      max: duration(),
      avg: duration(),
      p50: duration(),
      p90: duration(),
      p95: duration(),
      p99: duration(),
      p99_9: duration(),
    }),
  }),
);

export const checkResult = schemaOf<CheckResult>()(
  "CheckResult",
  exactly({ name: Type.String(), step_id: Type.String(), passes: count(), fails: count() }),
);

export const thresholdResult = schemaOf<ThresholdResult>()(
  "ThresholdResult",
  exactly({
    metric: Type.String(),
    condition: Type.String(),
    passed: orNull(Type.Boolean({ description: "null: not decided yet" })),
    value: orNull(number("The measured value in the metric's unit; null without data")),
  }),
);

const limitLevel = schemaOf<LimitLevel>()(
  "LimitLevel",
  exactly({
    target: number("Iterations per second, or VUs"),
    from_ms: milliseconds(),
    to_ms: milliseconds(),
    held: Type.Boolean(),
    achieved_per_s: number("Iterations that finished per second"),
    dropped: count("Starts that found no VU"),
    thresholds: Type.Array(thresholdResult),
    why: orNull(Type.String({ description: "What broke it; null: it held" })),
  }),
);

export const foundLimit = schemaOf<FoundLimit>()(
  "FoundLimit",
  exactly({
    scenario: Type.String(),
    of: oneOf(["rate", "vus"]),
    limit: orNull(number("The highest target that held; null: none did")),
    reason: Type.String({ description: "Why nothing above it holds, or why that is not known" }),
    levels: Type.Array(limitLevel, { description: "In the order in which they were tried" }),
  }),
);

export const reportError = schemaOf<ReportError>()(
  "ReportError",
  exactly({
    code: Type.String({ description: "k6's number as text, or a name such as http_503 or assertion" }),
    message: Type.String(),
    step_id: Type.String(),
    count: count(),
    first_seen: moment(),
    last_seen: moment(),
    sample: orNull(
      Type.Object(
        { time: moment(), url: Type.String(), status: Type.Integer(), body: Type.String() },
        { additionalProperties: false, title: "ErrorSample", description: "The first of them, masked" },
      ),
    ),
  }),
);

export const executionEvent = schemaOf<ExecutionEvent>()(
  "ExecutionEvent",
  exactly({
    time: moment(),
    type: oneOf([
      "started",
      "paused",
      "resumed",
      "scaled",
      "stopped",
      "slave_lost",
      "slave_joined",
      "slave_drained",
      "moved",
      "capacity_short",
      "owner_changed",
      "suspended",
      "threshold_crossed",
      "data_over",
      "rows_lost",
      "frames_lost",
      "teardown_not_run",
    ]),
    message: Type.String(),
    slave_id: Type.Optional(Type.String()),
  }),
);

export const reportSlave = schemaOf<ReportSlave>()(
  "ReportSlave",
  exactly({
    id: Type.String(),
    vus: count(),
    iterations: count(),
    cpu: orNull(number()),
    event_loop_lag_ms: orNull(milliseconds()),
  }),
);

const outputFields = {
  type: oneOf(outputTypes),
  target: Type.String({ description: "Without credentials" }),
  sent: count("Points that were taken"),
  dropped: count("Points that nobody took"),
  retries: count("Attempts after a failed one"),
  last_error: orNull(Type.String()),
};

export const reportOutput = schemaOf<ReportOutput>()("ReportOutput", exactly(outputFields));

export const outputState = schemaOf<OutputState>()(
  "OutputState",
  exactly({
    ...outputFields,
    waiting: count("Points that are still to be sent"),
    failing: Type.Boolean({ description: "The latest attempt failed, or it could not be opened" }),
  }),
);

export const timeSeries = schemaOf<TimeSeries>()(
  "TimeSeries",
  exactly({
    interval_ms: milliseconds(),
    points: Type.Array(
      Type.Object(
        {
          timestamp: moment(),
          elapsed_ms: milliseconds(),
          planned_vus: number(),
          active_vus: count(),
          iterations_per_s: number(),
          requests_per_s: number(),
          error_rate: orNull(number("0..1")),
          errors: mapOf(number("A second"), { description: "By code" }),
          avg_ms: duration(),
          p50_ms: duration(),
          p90_ms: duration(),
          p95_ms: duration(),
          p99_ms: duration(),
          p95_corrected_ms: duration(),
          data_sent_per_s: number("Bytes"),
          data_received_per_s: number("Bytes"),
        },
        { additionalProperties: false, title: "TimePoint" },
      ),
    ),
  }),
);
