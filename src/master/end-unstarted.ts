import { createLiveThresholds, decideThresholds } from "../cluster/live-thresholds.ts";
import { createSnapshot } from "../measure/snapshot.ts";
import type { Report } from "../protocol/report.ts";
import { buildReport } from "../report/build-report.ts";
import type { Store } from "../store/store.ts";
import { describeEnded, describePending, type ExecutionCard } from "./describe-execution.ts";
import { describeNoMetrics } from "./describe-metrics.ts";
import { createLogLines } from "./log-lines.ts";
import { type StoredEnd, storeEnd } from "./stored-execution.ts";

/** How an execution ended that never began. */
export interface UnstartedEnd {
  readonly status: "failed" | "aborted";
  readonly reason: "start_failed" | "stopped_by_api" | "stopped_by_signal";
  /** Epoch ms. */
  readonly at: number;
  readonly engineVersion: string;
}

/** How an execution ends that cannot begin. */
export const unstartable = { status: "failed", reason: "start_failed" } as const;

/** Stores its end; gives all that is kept of it. Its log and its last event say why. */
export async function storeUnstarted(
  store: Store,
  card: ExecutionCard,
  end: UnstartedEnd,
  message: string,
): Promise<StoredEnd> {
  const kept = endUnstarted(card, end, message);
  await storeEnd(store, card, kept, end.at);
  return kept;
}

function endUnstarted(card: ExecutionCard, end: UnstartedEnd, message: string): StoredEnd {
  const logs = createLogLines();
  const level = end.status === "failed" ? "error" : "info";
  const time = new Date(end.at).toISOString();
  logs.add({ time, level, message });
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
    events: [{ time, type: "stopped", message }],
    startSkewMs: null,
  });
  return {
    execution: describeEnded(describePending(card), report),
    metrics: describeNoMetrics(card),
    report,
    logs: logs.list(),
  };
}
