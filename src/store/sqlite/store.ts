import { Worker } from "node:worker_threads";
import { EngineError } from "../../errors.ts";
import type { Store } from "../store.ts";
import type { SqliteCall, SqliteReply, SqliteRequest } from "./message.ts";

/** Built code runs as .js, the sources as they are. */
const entry = new URL(import.meta.url.endsWith(".ts") ? "./thread.ts" : "./thread.js", import.meta.url);

/**
 * A store in one file, for one master at a time: WAL, group commit, in a thread of its own. Survives kill -9, not the
 * loss of power. Throws EngineError `start_failed` where the file cannot be opened or another process has it.
 */
export async function openSqliteStore(path: string): Promise<Store> {
  const worker = new Worker(entry, { workerData: { path }, execArgv: [] });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let id = 0;
  let closing: Promise<void> | null = null;

  const settleAll = (error: Error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on("message", (reply: SqliteReply) => {
    const call = waiting.get(reply.id);
    waiting.delete(reply.id);
    if (reply.error === undefined) call?.resolve(reply.result);
    else call?.reject(new EngineError("internal_error", `the store ${path} failed: ${reply.error}`));
  });
  worker.on("error", (cause) => settleAll(new EngineError("internal_error", `the store ${path} failed`, { cause })));
  worker.on("exit", () => settleAll(new EngineError("internal_error", `the store ${path} is closed`)));

  const wait = (of: number): Promise<unknown> => {
    const call = Promise.withResolvers<unknown>();
    waiting.set(of, call);
    return call.promise;
  };
  const ask = async <Result>(request: SqliteRequest): Promise<Result> => {
    if (closing !== null && request.type !== "close") {
      throw new EngineError("internal_error", `the store ${path} is closed`);
    }
    const call: SqliteCall = { id: ++id, request };
    const answer = wait(call.id);
    worker.postMessage(call);
    return (await answer) as Result;
  };

  try {
    await wait(0);
  } catch (cause) {
    await worker.terminate();
    const message = `cannot open the store ${path}: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new EngineError("start_failed", message, { cause, hint: "does another master use it?" });
  }
  return {
    acquire: (executionId) => ask({ type: "acquire", executionId }),
    writeCheckpoint: (executionId, checkpoint) => ask({ type: "writeCheckpoint", executionId, checkpoint }),
    readCheckpoint: (executionId) => ask({ type: "readCheckpoint", executionId }),
    appendFrame: (source, frame) => ask({ type: "appendFrame", source, frame }),
    readFrames: (executionId) => ask({ type: "readFrames", executionId }),
    listExecutions: () => ask({ type: "listExecutions" }),
    purge: (executionId) => ask({ type: "purge", executionId }),
    close() {
      closing ??= (async () => {
        const exited = new Promise((resolve) => worker.once("exit", resolve));
        await ask({ type: "close" });
        await exited;
      })();
      return closing;
    },
  };
}
