import type { FleetState } from "../cluster/fleet-state.ts";
import { coveredAt } from "../cluster/owner-state.ts";
import { compareMetrics } from "../measure/catalog.ts";
import { totalOf } from "../measure/snapshot.ts";
import type { Metrics, MetricSummary, StreamMessage } from "../protocol/rest.ts";
import { describeMetric } from "../report/metric-values.ts";
import { roundTo3 } from "../report/numbers.ts";
import { describeSteps } from "../report/step-metrics.ts";
import { type ExecutionCard, viewThresholds } from "./describe-execution.ts";

/** The metrics of a steered execution at this moment, of the whole cluster. */
export function describeMetrics({ id, workflow }: ExecutionCard, fleet: FleetState, now: number): Metrics {
  const { core } = fleet;
  const { snapshot, started } = core;
  const testTimeMs = coveredAt(core, now);
  const measuredMs = Math.max(0, testTimeMs - snapshot.warmUp.endMs);
  const metrics: Record<string, MetricSummary> = {};
  for (const name of [...snapshot.metrics.keys()].toSorted(compareMetrics)) {
    const total = totalOf(snapshot, name);
    if (total === null) continue;
    const { type, values } = describeMetric(name, total, measuredMs);
    metrics[name] = { type, values };
  }
  return {
    execution_id: id,
    total_vus: snapshot.vus.active,
    total_iterations: sumOf(metrics["iterations"]),
    total_requests: sumOf(metrics["http_reqs"]),
    duration_ms: started === null ? 0 : (roundTo3(Math.max(0, (core.endedAt ?? now) - started.now)) ?? 0),
    step_metrics: describeSteps(snapshot, workflow),
    metrics,
    thresholds: viewThresholds(core, now),
  };
}

/** Nothing was measured: an execution that waits, or was stopped before its start. */
export function describeNoMetrics({ id, workflow }: ExecutionCard): Metrics {
  return {
    execution_id: id,
    total_vus: 0,
    total_iterations: 0,
    total_requests: 0,
    duration_ms: 0,
    step_metrics: {},
    metrics: {},
    thresholds: workflow.thresholds.map(({ metric, condition }) => ({ metric, condition, passed: null, value: null })),
  };
}

/** What a stream says of an execution that waits. `wall`: epoch ms. */
export function describeWaiting(card: ExecutionCard, wall: number): StreamMessage {
  return {
    type: "metrics",
    execution_id: card.id,
    timestamp: new Date(wall).toISOString(),
    status: "pending",
    metrics: describeNoMetrics(card),
    level: null,
    outputs: [],
  };
}

function sumOf(summary: MetricSummary | undefined): number {
  return summary?.values["count"] ?? 0;
}
