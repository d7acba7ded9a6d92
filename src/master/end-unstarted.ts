import { createLiveThresholds, decideThresholds } from "../cluster/live-thresholds.ts";
import { createSnapshot } from "../measure/snapshot.ts";
import type { Report } from "../protocol/report.ts";
import { buildReport } from "../report/build-report.ts";
import { describeEnded, describePending, type ExecutionCard } from "./describe-execution.ts";
import { describeNoMetrics } from "./describe-metrics.ts";
import type { LogLines } from "./log-lines.ts";
import type { StoredEnd } from "./stored-execution.ts";

/** How an execution ended that never began. */
export interface UnstartedEnd {
  readonly status: "failed" | "aborted";
  readonly reason: "start_failed" | "stopped_by_api" | "stopped_by_signal";
  /** Epoch ms. */
  readonly at: number;
  readonly engineVersion: string;
}

/** All that is kept of it. */
export function endUnstarted(card: ExecutionCard, logs: LogLines, end: UnstartedEnd): StoredEnd {
  const snapshot = createSnapshot(card.workflow);
  const report: Report = buildReport(snapshot, {
    engineVersion: end.engineVersion,
    executionId: card.id,
    workflow: card.workflow,
    status: end.status,
    passed: false,
    degraded: false,
    reason: end.reason,
    startedAt: null,
    endedAt: end.at,
    pausedMs: 0,
    thresholds: decideThresholds(createLiveThresholds(card.workflow), snapshot, 0),
    events: [],
    startSkewMs: null,
  });
  return {
    execution: describeEnded(describePending(card), report),
    metrics: describeNoMetrics(card),
    report,
    logs: logs.list(),
  };
}
