import { Worker } from "node:worker_threads";
import { EngineError } from "../../errors.ts";
import { findBefore } from "../../protocol/find-before.ts";
import type { Frame } from "../../protocol/frame.ts";
import { decodeValue, encodeValue } from "../encode-value.ts";
import type { Store } from "../store.ts";
import type { SqliteCall, SqliteName, SqliteReply, SqliteSignatures } from "./message.ts";

/** Built code runs as .js, the sources as they are. */
const entry = new URL(import.meta.url.endsWith(".ts") ? "./thread.ts" : "./thread.js", import.meta.url);

/**
 * A store in one file, for one master at a time: WAL, group commit, in a thread of its own. Survives kill -9, not the
 * loss of power. Throws EngineError `start_failed` where the file cannot be opened or another process has it.
 */
export async function openSqliteStore(path: string): Promise<Store> {
  const worker = new Worker(entry, { workerData: { path }, execArgv: [] });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let lastId = 0;
  let closing: Promise<void> | null = null;
  let copying = false;

  const settleAll = (error: Error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on("message", ({ id, result, error, unreadable }: SqliteReply) => {
    const call = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) call?.resolve(result);
    else if (unreadable === true) call?.reject(new Error(`the store ${path} has it and cannot read it: ${error}`));
    else call?.reject(new EngineError("internal_error", `the store ${path} failed: ${error}`, hintOf(error)));
  });
  worker.on("error", (cause) => settleAll(new EngineError("internal_error", `the store ${path} failed`, { cause })));
  const exited = new Promise<void>((resolve) => {
    worker.once("exit", () => {
      settleAll(new EngineError("internal_error", `the store ${path} is closed`));
      resolve();
    });
  });

  const wait = (id: number): Promise<unknown> => {
    const call = Promise.withResolvers<unknown>();
    waiting.set(id, call);
    return call.promise;
  };
  /** `bytes` change hands with the call. */
  const ask = async <Name extends SqliteName>(
    name: Name,
    args: SqliteSignatures[Name]["args"],
    bytes?: Uint8Array<ArrayBuffer>,
  ): Promise<SqliteSignatures[Name]["result"]> => {
    if (closing !== null) throw new EngineError("internal_error", `the store ${path} is closed`);
    const id = ++lastId;
    const answer = wait(id);
    worker.postMessage({ id, name, args }, bytes === undefined ? [] : [bytes.buffer]);
    return (await answer) as SqliteSignatures[Name]["result"];
  };

  try {
    await wait(0);
  } catch (cause) {
    await worker.terminate();
    throw explainOpening(path, cause);
  }
  return {
    acquire: (executionId, least = 1) => ask("acquire", [executionId, least]),
    async writeCheckpoint(executionId, checkpoint) {
      const state = encodeValue(checkpoint.state);
      return ask("writeCheckpoint", [executionId, checkpoint.token, state], state);
    },
    async readCheckpoint(executionId) {
      const found = await ask("readCheckpoint", [executionId]);
      return found === null ? null : { token: found.token, state: decodeValue(found.state) };
    },
    async appendFrame(source, frame, report) {
      const body = encodeValue(frame);
      const amended = report === undefined ? null : encodeValue(report);
      return ask("appendFrame", [source, findBefore(frame), frame.number, body, amended], body);
    },
    async readFrames(executionId) {
      const found = await ask("readFrames", [executionId]);
      return found.map(({ source, frame }) => ({ source, frame: decodeValue(frame) as Frame }));
    },
    async writeSnapshot(executionId, token, packed, positions) {
      const bytes = encodeValue(packed);
      return ask("writeSnapshot", [executionId, token, bytes, positions], bytes);
    },
    async readSnapshot(executionId) {
      const found = await ask("readSnapshot", [executionId]);
      return found === null ? null : { ...found, packed: decodeValue(found.packed) };
    },
    listExecutions: () => ask("listExecutions", []),
    async putDocument(executionId, name, value) {
      const bytes = encodeValue(value);
      await ask("putDocument", [executionId, name, bytes], bytes);
    },
    async getDocument(executionId, name) {
      const found = await ask("getDocument", [executionId, name]);
      return found === null ? null : decodeValue(found);
    },
    putIndex: (row) => ask("putIndex", [row]),
    listIndex: (query) => ask("listIndex", [query]),
    purge: (executionId) => ask("purge", [executionId]),
    claimReceipt: (receipt, now, room) => ask("claimReceipt", [receipt, now, room]),
    answerReceipt: (name, answer) => ask("answerReceipt", [name, answer]),
    dropReceipt: (name) => ask("dropReceipt", [name]),
    async putSlave({ slaveId, lastSeen, known }, since, most) {
      const bytes = encodeValue(known);
      await ask("putSlave", [slaveId, lastSeen, bytes, since, most], bytes);
    },
    async listSlaves() {
      const rows = await ask("listSlaves", []);
      return rows.map((row) => ({ ...row, known: decodeValue(row.known) }));
    },
    async backup(copy) {
      if (closing !== null) throw new EngineError("internal_error", `the store ${path} is closed`);
      if (copying) throw new EngineError("conflict", "another copy of the store is being made; wait for its end");
      copying = true;
      const id = ++lastId;
      const answer = wait(id);
      worker.postMessage({ id, name: "backup", path: copy } satisfies SqliteCall);
      await answer.finally(() => {
        copying = false;
      });
    },
    close() {
      if (closing === null) {
        closing = exited;
        worker.postMessage({ id: ++lastId, name: "close" } satisfies SqliteCall);
      }
      return closing;
    },
  };
}

function hintOf(error: string): { readonly hint?: string } {
  const full = /\bfull\b|disk I\/O error/.test(error);
  if (full) return { hint: "is the disk full? what was written before is safe; free some space" };
  if (!/ was (removed|replaced)$/.test(error)) return {};
  return { hint: "put it back, or save what this master knows with `workflow-engine master backup`, and restore that" };
}

function explainOpening(path: string, cause: unknown): EngineError {
  const text = cause instanceof Error ? cause.message : String(cause);
  if (!/locked/.test(text)) return new EngineError("start_failed", `cannot open the store ${path}: ${text}`, { cause });
  const message = `cannot open the store ${path}: another process has it open; a store is for one master`;
  return new EngineError("start_failed", message, {
    cause,
    hint: "stop the other master, or give this one its own --store",
  });
}
