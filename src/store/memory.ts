import { EngineError } from "../errors.ts";
import { findBefore } from "../protocol/find-before.ts";
import type { Frame } from "../protocol/frame.ts";
import { decodeValue, encodeValue } from "./encode-value.ts";
import type { DocumentName, IndexPage, IndexQuery, IndexRow, Receipt, SlaveRow, Source, Store } from "./store.ts";

interface StoredExecution {
  token: number;
  checkpoint: { readonly token: number; readonly state: Uint8Array } | null;
  snapshot: { readonly token: number; readonly packed: Uint8Array } | null;
  readonly sources: Map<string, StoredSource>;
  readonly documents: Map<DocumentName, Uint8Array>;
}

interface StoredSource {
  readonly source: Source;
  /** Number of the last frame that was appended. */
  high: number;
  /** Frames through this one are in the snapshot. */
  trimmed: number;
  /** The later ones. */
  frames: { readonly number: number; readonly bytes: Uint8Array }[];
}

/** A store that ends with its process. What is written is copied, as if it had gone to disk. */
export function createMemoryStore(): Store {
  const executions = new Map<string, StoredExecution>();
  /** In the order in which they were added. */
  const rows = new Map<string, IndexRow>();
  /** All live equally long: the oldest expire first. */
  const receipts = new Map<string, Receipt>();
  const slaves = new Map<string, { readonly lastSeen: number; readonly known: Uint8Array }>();
  let closed = false;

  const open = (): void => {
    if (closed) throw new EngineError("internal_error", "the store is closed");
  };
  const find = (executionId: string): StoredExecution => {
    open();
    let found = executions.get(executionId);
    if (found === undefined) {
      found = { token: 0, checkpoint: null, snapshot: null, sources: new Map(), documents: new Map() };
      executions.set(executionId, found);
    }
    return found;
  };
  const look = (executionId: string): StoredExecution | null => {
    open();
    return executions.get(executionId) ?? null;
  };

  return {
    async acquire(executionId, least = 1) {
      const execution = find(executionId);
      execution.token = Math.max(execution.token + 1, least);
      return execution.token;
    },
    async writeCheckpoint(executionId, { token, state }) {
      const execution = find(executionId);
      if (token < execution.token) return false;
      execution.checkpoint = { token, state: encodeValue(state) };
      return true;
    },
    async readCheckpoint(executionId) {
      const checkpoint = look(executionId)?.checkpoint ?? null;
      return checkpoint === null ? null : { token: checkpoint.token, state: decodeValue(checkpoint.state) };
    },
    async appendFrame(source, frame, report) {
      const execution = find(source.executionId);
      const known = findSource(execution, source);
      const { high } = known;
      if (frame.number <= high) return { outcome: "duplicate", high };
      if (findBefore(frame) !== high) return { outcome: "gap", high };
      known.frames.push({ number: frame.number, bytes: encodeValue(frame) });
      known.high = frame.number;
      if (report !== undefined) execution.documents.set("report", encodeValue(report));
      return { outcome: "appended", high: frame.number };
    },
    async readFrames(executionId) {
      const sources = look(executionId)?.sources.values() ?? [];
      return [...sources].flatMap(({ source, frames }) =>
        frames.map(({ bytes }) => ({ source, frame: decodeValue(bytes) as Frame })),
      );
    },
    async writeSnapshot(executionId, token, packed, positions) {
      const execution = find(executionId);
      if (token < execution.token) return false;
      const next = new Map(positions.map(([source, high]) => [nameSource(source), high]));
      for (const [name, { trimmed }] of execution.sources) if ((next.get(name) ?? 0) < trimmed) return false;
      execution.snapshot = { token, packed: encodeValue(packed) };
      for (const [source, high] of positions) {
        const known = findSource(execution, source);
        known.frames = known.frames.filter(({ number }) => number > high);
        known.trimmed = high;
        known.high = Math.max(known.high, high);
      }
      return true;
    },
    async readSnapshot(executionId) {
      const execution = look(executionId);
      if (execution === null || execution.snapshot === null) return null;
      const trimmed = [...execution.sources.values()].filter((each) => each.trimmed > 0);
      return {
        token: execution.snapshot.token,
        packed: decodeValue(execution.snapshot.packed),
        positions: trimmed.map((each) => [each.source, each.trimmed]),
      };
    },
    async listExecutions() {
      open();
      return [...executions].filter(([, { checkpoint }]) => checkpoint !== null).map(([id]) => id);
    },
    async putDocument(executionId, name, value) {
      find(executionId).documents.set(name, encodeValue(value));
    },
    async getDocument(executionId, name) {
      const document = look(executionId)?.documents.get(name);
      return document === undefined ? null : decodeValue(document);
    },
    async putIndex(row) {
      open();
      rows.set(row.executionId, { ...row });
    },
    async listIndex(query) {
      open();
      return pageRows([...rows.values()], query);
    },
    async purge(executionId) {
      open();
      executions.delete(executionId);
      rows.delete(executionId);
    },
    async claimReceipt(receipt, now, { most, mostOfCaller }) {
      open();
      for (const [name, { expiresAt }] of receipts) {
        if (expiresAt > now) break;
        receipts.delete(name);
      }
      const kept = receipts.get(receipt.name);
      if (kept !== undefined) return kept;
      if (receipts.size >= most) return null;
      const own = receipts.values().reduce((sum, { caller }) => (caller === receipt.caller ? sum + 1 : sum), 0);
      if (own >= mostOfCaller) return null;
      receipts.set(receipt.name, { ...receipt });
      return receipt;
    },
    async answerReceipt(name, answer) {
      open();
      const kept = receipts.get(name);
      if (kept !== undefined) receipts.set(name, { ...kept, answer: { ...answer } });
    },
    async dropReceipt(name) {
      open();
      receipts.delete(name);
    },
    async putSlave({ slaveId, lastSeen, known }, since, most) {
      open();
      slaves.set(slaveId, { lastSeen, known: encodeValue(known) });
      for (const [id, slave] of slaves) if (slave.lastSeen < since) slaves.delete(id);
      if (slaves.size <= most) return;
      const oldest = [...slaves].toSorted(([, left], [, right]) => left.lastSeen - right.lastSeen);
      for (const [id] of oldest.slice(0, slaves.size - most)) slaves.delete(id);
    },
    async listSlaves() {
      open();
      const rows = [...slaves].map(
        ([slaveId, { lastSeen, known }]): SlaveRow => ({ slaveId, lastSeen, known: decodeValue(known) }),
      );
      return rows.toSorted((left, right) => (left.slaveId < right.slaveId ? -1 : 1));
    },
    async backup() {
      open();
      throw new EngineError("conflict", "this master keeps its executions in memory: there is no file to copy", {
        hint: "start it with --store sqlite:",
      });
    },
    async close() {
      closed = true;
      executions.clear();
      rows.clear();
      receipts.clear();
      slaves.clear();
    },
  };
}

function findSource({ sources }: StoredExecution, source: Source): StoredSource {
  const name = nameSource(source);
  const known = sources.get(name);
  if (known !== undefined) return known;
  const made: StoredSource = { source: { ...source }, high: 0, trimmed: 0, frames: [] };
  sources.set(name, made);
  return made;
}

function nameSource({ slaveId, incarnation }: Source): string {
  return `${slaveId}#${incarnation}`;
}

function pageRows(rows: readonly IndexRow[], query: IndexQuery): IndexPage {
  const { status, workflowId, endedBefore, limit, offset } = query;
  const matching = rows
    .filter(
      (row) =>
        (status === undefined || row.status === status) &&
        (workflowId === undefined || row.workflowId === workflowId) &&
        (endedBefore === undefined || (row.endedAt !== null && row.endedAt < endedBefore)),
    )
    .reverse()
    .toSorted((left, right) => right.createdAt - left.createdAt);
  return { rows: matching.slice(offset, offset + limit), total: matching.length };
}
