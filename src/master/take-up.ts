import { restoreFleet } from "../cluster/fleet-record.ts";
import type { FleetRecord, FleetState } from "../cluster/fleet-state.ts";
import { unpackSnapshot } from "../measure/pack-snapshot.ts";
import type { PackedOutputs } from "../outputs/open-outputs.ts";
import { makePlan } from "../plan/make-plan.ts";
import type { Plan } from "../protocol/plan.ts";
import type { Clock } from "../protocol/ports.ts";
import type { Checkpoint, IndexRow, Store, StoredFrame, StoredSnapshot } from "../store/store.ts";
import { countWritten, type ExecutionCard } from "./describe-execution.ts";
import { createFleetOptions, createFleetSnapshot, type FleetSurroundings } from "./fleet-options.ts";
import { type MergedState, restoreMerged } from "./merged-state.ts";
import type { SteeredExecution } from "./steer-execution.ts";
import { readDocument, type StoredSubmission } from "./stored-execution.ts";
import type { SubmissionQueue } from "./submission-queue.ts";

/** An execution that had not ended when its master went. */
export interface UnfinishedExecution {
  readonly row: IndexRow;
  /** Has its fleet begun? Else it waits for its turn. */
  readonly begun: boolean;
}

export interface TakeUpSurroundings extends FleetSurroundings {
  readonly store: Store;
  readonly clock: Clock;
  readonly queue: Pick<SubmissionQueue, "enqueue">;
  steer(
    card: ExecutionCard,
    plan: Plan,
    fleet: FleetState,
    takesJoiners: boolean,
    packed: PackedOutputs | null,
  ): SteeredExecution;
}

const pageSize = 500;
const secretsLost = "its secrets are not stored and went with the master that took it";

/** All of them, oldest first. */
export async function listUnfinished(store: Store): Promise<UnfinishedExecution[]> {
  const begun = new Set(await store.listExecutions());
  const found: UnfinishedExecution[] = [];
  for (const status of ["pending", "running", "paused"]) {
    for (let offset = 0; ; offset += pageSize) {
      const { rows } = await store.listIndex({ status, limit: pageSize, offset });
      for (const row of rows) found.push({ row, begun: begun.has(row.executionId) });
      if (rows.length < pageSize) break;
    }
  }
  return found.toSorted((left, right) => left.row.createdAt - right.row.createdAt);
}

/** All that the store has of one. */
export interface UnfinishedRecord extends UnfinishedExecution {
  readonly token: number;
  readonly submission: StoredSubmission | null;
  readonly checkpoint: Checkpoint | null;
  readonly stored: StoredSnapshot | null;
  readonly frames: readonly StoredFrame[];
}

/** Becomes its owner and reads its record. Rejects as the store does. */
export async function readUnfinished(
  unfinished: UnfinishedExecution,
  store: Store,
  clock: Pick<Clock, "wall">,
): Promise<UnfinishedRecord> {
  const { executionId: id } = unfinished.row;
  // First, so that nothing is written by anybody else after it is read.
  const token = await store.acquire(id, Math.floor(clock.wall()));
  const [submission, checkpoint, stored, frames] = await Promise.all([
    readDocument(store, id, "submission"),
    store.readCheckpoint(id),
    store.readSnapshot(id),
    store.readFrames(id),
  ]);
  return { ...unfinished, token, submission, checkpoint, stored, frames };
}

/** One that has nothing to go on with, and did not begin. */
export interface Unstartable {
  readonly card: ExecutionCard;
  readonly message: string;
}

/** Goes on where its last master left it; null: it does. Throws where its record does not let it, whatever it threw. */
export function goOn(record: UnfinishedRecord, surroundings: TakeUpSurroundings): Unstartable | null {
  try {
    return steerOrQueue(record, surroundings);
  } catch (cause) {
    // No store's error, which might pass.
    throw new Error(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function steerOrQueue(record: UnfinishedRecord, surroundings: TakeUpSurroundings): Unstartable | null {
  const { row, begun, token, submission, checkpoint, stored, frames } = record;
  if (submission === null) throw new Error("its submission is gone");
  const { env, hadSecrets } = submission;
  // An older version kept none.
  const workflow = Object.assign({ outputs: [] }, submission.workflow);
  const plan = makePlan(workflow);
  const card: ExecutionCard = { id: row.executionId, workflow, createdAt: row.createdAt, vus: countWritten(plan) };
  const inputs = { env, secrets: {} };

  if (!begun || checkpoint === null) {
    if (begun) return { card, message: "its record is gone" };
    if (hadSecrets) return { card, message: `${secretsLost}: submit it again` };
    surroundings.queue.enqueue(card, { workflow, inputs, queue: submission.queue, upload: null }, plan, token);
    return null;
  }
  const merged = stored === null ? null : (stored.packed as MergedState);
  const snapshot = merged === null ? createFleetSnapshot(workflow) : unpackSnapshot(merged.snapshot);
  const { clock } = surroundings;
  const options = {
    ...createFleetOptions(surroundings, card.id, plan, inputs),
    token,
    snapshot,
    slaves: [],
    hasSecrets: hadSecrets,
  };
  const fleet = restoreFleet(checkpoint.state as FleetRecord, options, { now: clock.now(), wall: clock.wall() });
  if (merged !== null) restoreMerged(fleet, merged);
  if (hadSecrets) {
    const time = new Date(clock.wall()).toISOString();
    fleet.core.events.push({ time, type: "owner_changed", message: `it takes no more slaves: ${secretsLost}` });
  }
  const { live } = surroundings.steer(card, plan, fleet, !hadSecrets, merged?.outputs ?? null);
  for (const { source, frame } of frames) {
    live.tell({ type: "stored", ...source, frame, outcome: "appended", high: frame.number });
  }
  live.tell({ type: "tick" });
  if (hadSecrets && fleet.core.phase === "preparing") {
    live.tell({ type: "fail", cause: { reason: "start_failed", message: secretsLost, code: "start_failed" } });
  }
  return null;
}
