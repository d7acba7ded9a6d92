import type { FleetRecord } from "../cluster/fleet-state.ts";
import { createLiveThresholds, decideThresholds } from "../cluster/live-thresholds.ts";
import { loadWorkflowObject } from "../definition/load-workflow.ts";
import { unpackSnapshot } from "../measure/pack-snapshot.ts";
import { applyFrame, type Snapshot } from "../measure/snapshot.ts";
import type { ExecutionEvent, Report } from "../protocol/report.ts";
import type { Execution, Metrics } from "../protocol/rest.ts";
import type { Workflow } from "../protocol/workflow.ts";
import { buildReport } from "../report/build-report.ts";
import { type IndexRow, mayPass, type Store } from "../store/store.ts";
import { describeEnded, describePending, type ExecutionCard } from "./describe-execution.ts";
import { createFleetSnapshot } from "./fleet-options.ts";
import { createLogLines } from "./log-lines.ts";
import type { MergedState } from "./merged-state.ts";
import { isFinal, readDocument, storeEnd, type StoredEnd } from "./stored-execution.ts";

/** What the list says of an execution that has not been taken up yet. null: it has ended, its record tells more. */
export function describeUntaken(row: IndexRow, workflow: Workflow | null): Execution | null {
  const { status } = row;
  if (isFinal(status)) return null;
  const pending = tryOr(
    () => describePending(makeCard(row, workflow ?? standIn(row))),
    () => describePending(makeCard(row, standIn(row))),
  );
  if (status === "pending") return pending;
  return { ...pending, status: status === "paused" ? "paused" : "running", phase: "running", progress: null };
}

export interface UntakenEnd {
  /** Why it cannot be taken up. */
  readonly reason: string;
  /** Epoch ms. */
  readonly at: number;
  readonly engineVersion: string;
  /** What the store is unable to read at present is left out; else it rejects. */
  readonly leavesOut: boolean;
}

/**
 * Ends an execution that no master can go on with: `failed`, with the reason and all that can still be read of what was
 * measured. Rejects where the store is unable.
 */
export async function endUntaken(store: Store, row: IndexRow, end: UntakenEnd): Promise<void> {
  const { executionId } = row;
  const readOr = createReader(end.leavesOut);
  const submission = await readOr(() => readDocument(store, executionId, "submission"), null);
  const checkpoint = await readOr(() => store.readCheckpoint(executionId), null);
  const core = (checkpoint?.state as Partial<FleetRecord> | undefined)?.core ?? null;
  const begun = row.status !== "pending" || checkpoint !== null;
  const bare = makeCard(row, standIn(row));
  const nothing = createFleetSnapshot(bare.workflow);
  const card = await readOr(() => makeCard(row, submission?.workflow ?? bare.workflow), bare);
  const measured = await readOr(() => readMeasured(store, card, readOr), nothing);
  // What it cannot be taken up for may be what a description would need.
  const kept = tryOr(
    () => describeEnd(card, measured, core, begun, end),
    () =>
      tryOr(
        () => describeEnd(card, measured, null, begun, end),
        () => describeEnd(bare, nothing, null, begun, end),
      ),
  );
  await storeEnd(store, bare, kept, end.at);
}

function describeEnd(
  card: ExecutionCard,
  snapshot: Snapshot,
  core: FleetRecord["core"] | null,
  begun: boolean,
  { reason, at, engineVersion }: UntakenEnd,
): StoredEnd {
  const message = `it cannot be taken up: ${reason}`;
  const time = new Date(at).toISOString();
  const stopped: ExecutionEvent = { time, type: "stopped", message };
  const startedAt = core?.started?.wall ?? null;
  const report: Report = buildReport(snapshot, {
    engineVersion,
    executionId: card.id,
    workflow: card.workflow,
    status: "failed",
    passed: false,
    degraded: begun,
    reason: begun ? "internal" : "start_failed",
    startedAt,
    endedAt: at,
    pausedMs: core?.pausedMs ?? 0,
    thresholds: decideThresholds(
      createLiveThresholds(card.workflow),
      snapshot,
      startedAt === null ? 0 : at - startedAt,
    ),
    events: [...(core?.events ?? []), stopped],
    startSkewMs: null,
  });
  const logs = createLogLines();
  logs.add({ time, level: "error", message });
  return {
    execution: describeEnded({ ...describePending(card), progress: null }, report),
    metrics: listMetrics(report),
    report,
    logs: logs.list(),
  };
}

function listMetrics(report: Report): Metrics {
  const { execution_id, duration_ms, step_metrics, metrics, thresholds } = report;
  const countOf = (name: string) => metrics[name]?.values["count"] ?? 0;
  return {
    execution_id,
    total_vus: 0,
    total_iterations: countOf("iterations"),
    total_requests: countOf("http_reqs"),
    duration_ms,
    step_metrics,
    metrics: Object.fromEntries(Object.entries(metrics).map(([name, { type, values }]) => [name, { type, values }])),
    thresholds,
  };
}

/** What was merged, and the frames after it; of what cannot be read nothing. */
async function readMeasured(store: Store, { id, workflow }: ExecutionCard, readOr: Reader): Promise<Snapshot> {
  const stored = await readOr(() => store.readSnapshot(id), null);
  const snapshot =
    stored === null
      ? createFleetSnapshot(workflow)
      : await readOr(() => unpackSnapshot((stored.packed as MergedState).snapshot), createFleetSnapshot(workflow));
  for (const { source, frame } of await readOr(() => store.readFrames(id), [])) {
    await readOr(() => applyFrame(snapshot, source.slaveId, { ...frame, vus: [] }), undefined);
  }
  return snapshot;
}

/** Gives what is read, or the other where it cannot be. */
type Reader = <Value, Other>(read: () => Promise<Value> | Value, other: Other) => Promise<Value | Other>;

function createReader(leavesOut: boolean): Reader {
  return async (read, other) => {
    try {
      return await read();
    } catch (error) {
      if (mayPass(error) && !leavesOut) throw error;
      return other;
    }
  };
}

function tryOr<Value>(attempt: () => Value, otherwise: () => Value): Value {
  try {
    return attempt();
  } catch {
    return otherwise();
  }
}

function makeCard({ executionId, createdAt }: IndexRow, workflow: Workflow): ExecutionCard {
  const vus = workflow.scenarios.reduce((sum, { load }) => sum + ("vus" in load ? load.vus : 0), 0);
  return { id: executionId, workflow: Object.assign({ outputs: [] }, workflow), createdAt, vus };
}

/** For one whose workflow cannot be read: its names are all that is known. */
function standIn({ workflowId, workflowName }: IndexRow): Workflow {
  const steps = [{ id: "unknown", type: "sleep", config: { duration: "1ms" } }];
  const loaded = loadWorkflowObject({ id: "unknown", steps }, { variables: {}, env: {} });
  if ("problems" in loaded) throw new TypeError(`the stand-in is no workflow: ${JSON.stringify(loaded.problems)}`);
  return { ...loaded.workflow, id: workflowId, name: workflowName };
}
