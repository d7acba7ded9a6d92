import { Type } from "./type.ts";
import {
  type ControlAnswer,
  type Execution,
  type ExecutionList,
  executionStatuses,
  type FileList,
  type LogList,
  type Metrics,
  type ScaleAnswer,
  type PauseBody,
  type ScaleBody,
  type StreamMessage,
} from "../../../protocol/rest.ts";
import { report } from "./report.ts";
import {
  executionEvent,
  metricTypes,
  metricValues,
  outputState,
  reasons,
  reportError,
  stepMetrics,
  thresholdResult,
} from "./report-parts.ts";
import { exactly, mapOf, oneOf, orNull, schemaOf } from "./schema.ts";
import { count, milliseconds, moment, share } from "./values.ts";

const status = () => oneOf(executionStatuses);

export const execution = schemaOf<Execution>()(
  "Execution",
  exactly({
    id: Type.String(),
    workflow_id: Type.String(),
    workflow_name: Type.String(),
    status: status(),
    phase: oneOf(["queued", "preparing", "setup", "running", "stopping", "teardown", "done"]),
    passed: orNull(Type.Boolean({ description: "null until the end" })),
    degraded: Type.Boolean({ description: "After loss, shortage, lost frames or saturation" }),
    reason: orNull(oneOf(reasons)),
    mode: Type.String({ description: "The load mode; `scenarios` where several differ" }),
    progress: orNull(share("null where the load has no end")),
    target_vus: count(),
    active_vus: count("VUs started and not ended, think time included"),
    created_at: moment(),
    start_time: orNull(moment()),
    end_time: orNull(moment()),
    duration_ms: milliseconds(),
    paused_ms: milliseconds(),
    paused_scenarios: Type.Array(Type.String(), { description: "Scenarios that are paused by themselves" }),
    slave_states: mapOf(
      Type.Object(
        {
          slave_id: Type.String(),
          status: oneOf(["preparing", "ready", "running", "draining", "ended", "lost"]),
          vus: count("The size of its granted, acknowledged share"),
          iterations: count(),
        },
        { additionalProperties: false, title: "SlaveState" },
      ),
    ),
    thresholds: Type.Array(thresholdResult),
    errors: Type.Array(reportError),
    events: Type.Array(executionEvent),
    outputs: Type.Array(outputState, { description: "Its live streams of metrics; empty while it waits for its turn" }),
    tags: mapOf(Type.String()),
  }),
);

export const executionList = schemaOf<ExecutionList>()(
  "ExecutionList",
  exactly({ executions: Type.Array(execution), total: count("All that match") }),
);

export const fileList = schemaOf<FileList>()(
  "FileList",
  exactly({ files: Type.Array(exactly({ name: Type.String(), size: count("Bytes") })) }),
);

export const metrics = schemaOf<Metrics>()(
  "Metrics",
  exactly({
    execution_id: Type.String(),
    total_vus: count(),
    total_iterations: count(),
    total_requests: count(),
    duration_ms: milliseconds(),
    step_metrics: mapOf(stepMetrics),
    metrics: mapOf(
      Type.Object(
        { type: oneOf(metricTypes), values: metricValues },
        { additionalProperties: false, title: "MetricSummary" },
      ),
    ),
    thresholds: Type.Array(thresholdResult),
  }),
);

export const logList = schemaOf<LogList>()(
  "LogList",
  exactly({
    logs: Type.Array(
      Type.Object(
        {
          time: moment(),
          level: oneOf(["debug", "info", "warn", "error"]),
          message: Type.String(),
          slave_id: Type.Optional(Type.String()),
        },
        { additionalProperties: false, title: "LogLine" },
      ),
    ),
    dropped: count("Lines that did not fit into the bound"),
  }),
);

export const scaleBody = schemaOf<ScaleBody>()(
  "ScaleBody",
  exactly(
    {
      target_vus: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000_000 })),
      target_rate: Type.Optional(Type.Number({ minimum: 0, maximum: 1e9 })),
      scenario: Type.Optional(Type.String({ maxLength: 64, description: "Default: the only one" })),
      over: Type.Optional(
        Type.Unsafe<string | number>({
          type: ["string", "number"],
          description: "A duration (`30s`) or milliseconds; default at once",
        }),
      ),
    },
    { description: "Exactly one of `target_vus` and `target_rate`" },
  ),
);

export const pauseBody = schemaOf<PauseBody>()(
  "PauseBody",
  exactly({
    scenario: Type.Optional(Type.String({ maxLength: 64, description: "Of this scenario alone; default: of all" })),
  }),
);

export const controlAnswer = schemaOf<ControlAnswer>()(
  "ControlAnswer",
  exactly({ success: Type.Literal(true), status: status() }),
);

export const scaleAnswer = schemaOf<ScaleAnswer>()(
  "ScaleAnswer",
  exactly({
    success: Type.Literal(true),
    target_vus: Type.Optional(count()),
    target_rate: Type.Optional(Type.Number({ minimum: 0 })),
  }),
);

export const success = Type.Object({ success: Type.Literal(true) }, { additionalProperties: false, title: "Success" });

const streamMessages = Type.Union([
  exactly({
    type: Type.Literal("metrics"),
    execution_id: Type.String(),
    timestamp: moment(),
    status: status(),
    metrics,
    level: orNull(Type.String({ description: "Where a search for the limit is, for people; null: there is none" })),
    outputs: Type.Array(outputState),
  }),
  exactly({ type: Type.Literal("event"), event: executionEvent }),
  exactly({ type: Type.Literal("complete"), status: status(), report: orNull(report) }),
  exactly({ type: Type.Literal("error"), error: Type.String(), message: Type.String() }),
]);

export const streamMessage = schemaOf<StreamMessage>()("StreamMessage", streamMessages);
