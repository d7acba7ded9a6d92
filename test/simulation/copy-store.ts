import { createMemoryStore } from "../../src/store/memory.ts";
import type { Store } from "../../src/store/store.ts";

/** What a store holds of an execution at this moment, in a new one: a copy that a master may be started on later. */
export async function copyStore(store: Store, executionId: string): Promise<Store> {
  const copy = createMemoryStore();
  const checkpoint = await store.readCheckpoint(executionId);
  if (checkpoint === null) return copy;
  const [snapshot, frames] = [await store.readSnapshot(executionId), await store.readFrames(executionId)];
  await copy.acquire(executionId, checkpoint.token);
  await copy.writeCheckpoint(executionId, checkpoint);
  const { token } = checkpoint;
  if (snapshot !== null) await copy.writeSnapshot(executionId, token, snapshot.packed, snapshot.positions);
  for (const { source, frame } of frames) await copy.appendFrame(source, frame);
  return copy;
}
