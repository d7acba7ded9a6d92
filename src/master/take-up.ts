import { restoreFleet } from "../cluster/fleet-record.ts";
import type { FleetOptions, FleetRecord, FleetState } from "../cluster/fleet-state.ts";
import type { Instant } from "../cluster/owner-state.ts";
import { type PackedSnapshot, unpackSnapshot } from "../measure/pack-snapshot.ts";
import type { Snapshot } from "../measure/snapshot.ts";
import type { IndexRow, Store } from "../store/store.ts";
import { isFinal, readDocument, type StoredSubmission } from "./stored-execution.ts";

/** An execution that had not ended when its master went. */
export interface UnfinishedExecution {
  readonly row: IndexRow;
  readonly submission: StoredSubmission;
  /** Has its fleet begun? Else it waits for its turn. */
  readonly begun: boolean;
}

const pageSize = 500;

/** All of them, oldest first. */
export async function listUnfinished(store: Store): Promise<UnfinishedExecution[]> {
  const begun = new Set(await store.listExecutions());
  const found: UnfinishedExecution[] = [];
  for (const status of ["pending", "running", "paused"]) {
    for (let offset = 0; ; offset += pageSize) {
      const { rows } = await store.listIndex({ status, limit: pageSize, offset });
      for (const row of rows) {
        const submission = await readDocument(store, row.executionId, "submission");
        if (submission !== null && !isFinal(row.status)) {
          found.push({ row, submission, begun: begun.has(row.executionId) });
        }
      }
      if (rows.length < pageSize) break;
    }
  }
  return found.toSorted((left, right) => left.row.createdAt - right.row.createdAt);
}

/**
 * A fleet as it was written last, under a new token, with every frame that the store has; null: nothing was written of
 * it. The caller tells it `tick`.
 */
export async function restoreStoredFleet(
  store: Store,
  options: Omit<FleetOptions, "token" | "snapshot">,
  createSnapshot: () => Snapshot,
  readTime: () => Instant,
): Promise<{ readonly fleet: FleetState; readonly frames: Awaited<ReturnType<Store["readFrames"]>> } | null> {
  const { executionId } = options;
  // First, so that nothing is written by anybody else after it is read.
  const token = await store.acquire(executionId);
  const [checkpoint, stored, frames] = await Promise.all([
    store.readCheckpoint(executionId),
    store.readSnapshot(executionId),
    store.readFrames(executionId),
  ]);
  if (checkpoint === null) return null;
  const snapshot = stored === null ? createSnapshot() : unpackSnapshot(stored.packed as PackedSnapshot);
  const fleet = restoreFleet(checkpoint.state as FleetRecord, { ...options, token, snapshot }, readTime());
  return { fleet, frames };
}
