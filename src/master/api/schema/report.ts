import { Type } from "./type.ts";
import type { Report } from "../../../protocol/report.ts";
import {
  checkResult,
  executionEvent,
  foundLimit,
  reasons,
  reportError,
  reportMetric,
  reportOutput,
  reportSlave,
  stepMetrics,
  thresholdResult,
  timeSeries,
} from "./report-parts.ts";
import { exactly, mapOf, oneOf, orNull, schemaOf } from "./schema.ts";
import { anyMap, count, milliseconds, moment } from "./values.ts";

export const report = schemaOf<Report>()(
  "Report",
  exactly({
    schema: Type.Literal(1),
    engine_version: Type.String(),
    execution_id: Type.String(),
    workflow_id: Type.String(),
    workflow_name: Type.String(),
    status: oneOf(["completed", "failed", "aborted"]),
    passed: Type.Boolean(),
    degraded: Type.Boolean(),
    reason: orNull(oneOf(reasons)),
    start_time: orNull(moment()),
    end_time: moment(),
    duration_ms: milliseconds(),
    paused_ms: milliseconds(),
    options: anyMap("The options that were in force"),
    tags: mapOf(Type.String()),
    metrics: mapOf(reportMetric),
    step_metrics: mapOf(stepMetrics),
    checks: Type.Array(checkResult),
    thresholds: Type.Array(thresholdResult),
    find_limit: orNull(foundLimit),
    errors: Type.Array(reportError),
    events: Type.Array(executionEvent),
    slaves: Type.Array(reportSlave),
    start_skew_ms: orNull(milliseconds()),
    lost: exactly({ iterations: count(), interval_ms: milliseconds(), estimated: Type.Boolean() }),
    late: exactly({ frames: count(), http_reqs: count(), iterations: count() }),
    warm_up: exactly({ http_reqs: count(), iterations: count() }),
    timeseries: timeSeries,
    generator: exactly({ verdict: oneOf(["ok", "saturated"]), reasons: Type.Array(Type.String()) }),
    series_overflow: mapOf(count(), { description: "Metrics whose series did not fit into the bound" }),
    outputs: Type.Array(reportOutput),
  }),
);
