import { compareMetrics, lookupMetric } from "../measure/catalog.ts";
import { judgeGenerator } from "../measure/generator-verdict.ts";
import { type Snapshot, totalOf } from "../measure/snapshot.ts";
import { parseMetricKey } from "../measure/threshold.ts";
import { createTotal } from "../measure/totals.ts";
import type { Report, ReportMetric, ReportSlave, ThresholdResult } from "../protocol/report.ts";
import { describeErrors } from "./describe-errors.ts";
import type { ExecutionFacts } from "./execution-facts.ts";
import { describeMetric } from "./metric-values.ts";
import { roundTo3 } from "./numbers.ts";
import { describeChecks, describeSteps } from "./step-metrics.ts";
import { buildTimeSeries } from "./time-series.ts";

/** The report of an execution, final or so far: a pure function of what was measured and what happened. Whoever has outputs adds how they fared. */
export function buildReport(snapshot: Snapshot, facts: ExecutionFacts): Report {
  const { workflow, startedAt, endedAt, pausedMs } = facts;
  const durationMs = startedAt === null ? 0 : Math.max(0, endedAt - startedAt);
  const measuredMs = Math.max(0, durationMs - pausedMs - snapshot.warmUp.endMs);
  return {
    schema: 1,
    engine_version: facts.engineVersion,
    execution_id: facts.executionId,
    workflow_id: workflow.id,
    workflow_name: workflow.name,
    status: facts.status,
    passed: facts.passed,
    degraded: facts.degraded,
    reason: facts.reason,
    start_time: startedAt === null ? null : timeOf(startedAt),
    end_time: timeOf(endedAt),
    duration_ms: Math.round(durationMs * 1_000) / 1_000,
    paused_ms: Math.round(pausedMs * 1_000) / 1_000,
    options: workflow.options,
    tags: workflow.tags,
    metrics: describeMetrics(snapshot, facts.thresholds, measuredMs),
    step_metrics: describeSteps(snapshot, workflow),
    checks: describeChecks(snapshot, workflow),
    thresholds: facts.thresholds.map((result) => ({ ...result, value: roundValue(result) })),
    find_limit: facts.findLimit ?? null,
    errors: describeErrors(snapshot.errors),
    events: facts.events,
    slaves: describeSlaves(snapshot),
    start_skew_ms: roundTo3(facts.startSkewMs),
    lost: facts.lost ?? { iterations: 0, interval_ms: 0, estimated: false },
    late: facts.late ?? { frames: 0, http_reqs: 0, iterations: 0 },
    warm_up: { http_reqs: snapshot.warmUp.httpReqs, iterations: snapshot.warmUp.iterations },
    timeseries: buildTimeSeries(snapshot.windows, startedAt),
    generator: judgeGenerator(snapshot, listOpen(facts)),
    series_overflow: Object.fromEntries(
      [...snapshot.overflow].toSorted(([left], [right]) => compareMetrics(left, right)),
    ),
    outputs: [],
  };
}

/** Scenarios that drop a start for want of a free VU; for want of rows is no fault of the generator's. */
function listOpen({ workflow, events }: ExecutionFacts): string[] {
  if (events.some(({ type }) => type === "data_over")) return [];
  return (
    workflow.scenarios
      // Of a search the levels tell it, and it goes on below.
      .filter(({ limitSearch }) => (limitSearch ?? null) === null)
      .filter(({ load }) => load.mode === "constant-arrival-rate" || load.mode === "ramping-arrival-rate")
      .map(({ name }) => name)
  );
}

/** Every metric that was measured, and every threshold's part of one (`http_reqs{step:a}`) below it. */
function describeMetrics(
  snapshot: Snapshot,
  thresholds: readonly ThresholdResult[],
  measuredMs: number,
): Record<string, ReportMetric> {
  const described: Record<string, ReportMetric> = {};
  for (const name of [...snapshot.metrics.keys()].toSorted(compareMetrics)) {
    const total = totalOf(snapshot, name);
    if (total !== null) described[name] = describeMetric(name, total, measuredMs);
    for (const threshold of thresholds) {
      const key = parseMetricKey(threshold.metric);
      if (key === null || key.name !== name || Object.keys(key.tags).length === 0 || total === null) continue;
      const part = totalOf(snapshot, name, key.tags) ?? createTotal(total.type);
      described[threshold.metric] ??= describeMetric(name, part, measuredMs);
    }
  }
  for (const { metric, condition, passed } of thresholds) {
    const known = described[metric];
    if (known === undefined || passed === null) continue;
    described[metric] = { ...known, thresholds: { ...known.thresholds, [condition]: { ok: passed } } };
  }
  return described;
}

function describeSlaves(snapshot: Snapshot): ReportSlave[] {
  return [...snapshot.sources]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([id, source]) => ({
      id,
      vus: source.mostVus,
      iterations: source.iterations,
      cpu: source.frames === 0 ? null : roundTo3(source.cpuSum / source.frames),
      event_loop_lag_ms: source.frames === 0 ? null : roundTo3(source.largestLagMs),
    }));
}

/** Measured times with three decimals, shares with six. */
function roundValue({ metric, value }: ThresholdResult): number | null {
  if (value === null) return null;
  const type = lookupMetric(parseMetricKey(metric)?.name ?? "", {})?.type;
  return type === "rate" ? Math.round(value * 1e6) / 1e6 : roundTo3(value);
}

function timeOf(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
