import { EngineError } from "../errors.ts";
import type { Frame } from "../protocol/frame.ts";
import type { Checkpoint, Source, Store } from "./store.ts";

interface StoredExecution {
  token: number;
  checkpoint: Checkpoint | null;
  readonly sources: Map<string, { readonly source: Source; readonly frames: Frame[] }>;
}

/** A store that ends with its process. What is written is copied, as if it had gone to disk. */
export function createMemoryStore(): Store {
  const executions = new Map<string, StoredExecution>();
  let closed = false;

  const open = (): void => {
    if (closed) throw new EngineError("internal_error", "the store is closed");
  };
  const find = (executionId: string): StoredExecution => {
    open();
    let found = executions.get(executionId);
    if (found === undefined) {
      found = { token: 0, checkpoint: null, sources: new Map() };
      executions.set(executionId, found);
    }
    return found;
  };

  return {
    async acquire(executionId) {
      return ++find(executionId).token;
    },
    async writeCheckpoint(executionId, checkpoint) {
      const execution = find(executionId);
      if (checkpoint.token < execution.token) return false;
      execution.checkpoint = structuredClone(checkpoint);
      return true;
    },
    async readCheckpoint(executionId) {
      open();
      return structuredClone(executions.get(executionId)?.checkpoint ?? null);
    },
    async appendFrame(source, frame) {
      const { sources } = find(source.executionId);
      const name = `${source.slaveId}#${source.incarnation}`;
      let known = sources.get(name);
      if (known === undefined) {
        known = { source: { ...source }, frames: [] };
        sources.set(name, known);
      }
      const high = known.frames.length;
      if (frame.number <= high) return { outcome: "duplicate", high };
      if (frame.number > high + 1) return { outcome: "gap", high };
      known.frames.push(structuredClone(frame));
      return { outcome: "appended", high: frame.number };
    },
    async readFrames(executionId) {
      open();
      const stored = executions.get(executionId)?.sources.values() ?? [];
      return [...stored].flatMap(({ source, frames }) =>
        frames.map((frame) => ({ source, frame: structuredClone(frame) })),
      );
    },
    async listExecutions() {
      open();
      return [...executions].filter(([, { checkpoint }]) => checkpoint !== null).map(([id]) => id);
    },
    async purge(executionId) {
      open();
      executions.delete(executionId);
    },
    async close() {
      closed = true;
    },
  };
}
