import { parentPort, workerData } from "node:worker_threads";
import type { SqliteCall, SqliteReply, SqliteRequest } from "./message.ts";
import { openTables, type SqliteTables } from "./tables.ts";

/** The longest that a call waits for others to share its transaction. */
const groupMs = 10;

const port = parentPort;
if (port !== null) serve(port, (workerData as { readonly path: string }).path);

/** Runs calls in their order; those of a group become durable together, and are answered then. */
function serve(link: NonNullable<typeof parentPort>, path: string): void {
  const tables = open(link, path);
  if (tables === null) return;
  let replies: SqliteReply[] | null = null;

  const commit = () => {
    const done = replies ?? [];
    replies = null;
    try {
      tables.commit();
      for (const reply of done) link.postMessage(reply);
    } catch (error) {
      tables.rollback();
      for (const { id } of done) link.postMessage({ id, error: String(error) } satisfies SqliteReply);
    }
  };

  link.on("message", ({ id, request }: SqliteCall) => {
    if (request.type === "close") {
      if (replies !== null) commit();
      tables.close();
      link.postMessage({ id } satisfies SqliteReply);
      link.close();
      return;
    }
    if (replies === null) {
      replies = [];
      tables.begin();
      setTimeout(() => {
        if (replies !== null) commit();
      }, groupMs);
    }
    try {
      replies.push({ id, result: perform(tables, request) });
    } catch (error) {
      replies.push({ id, error: String(error) });
    }
  });
}

function open(link: NonNullable<typeof parentPort>, path: string): SqliteTables | null {
  try {
    const tables = openTables(path);
    link.postMessage({ id: 0 } satisfies SqliteReply);
    return tables;
  } catch (error) {
    link.postMessage({ id: 0, error: String(error) } satisfies SqliteReply);
    link.close();
    return null;
  }
}

function perform(tables: SqliteTables, request: Exclude<SqliteRequest, { readonly type: "close" }>): unknown {
  switch (request.type) {
    case "acquire":
    case "readCheckpoint":
    case "readFrames":
    case "purge":
      return tables[request.type](request.executionId);
    case "writeCheckpoint":
      return tables.writeCheckpoint(request.executionId, request.checkpoint);
    case "appendFrame":
      return tables.appendFrame(request.source, request.frame);
    case "listExecutions":
      return tables.listExecutions();
    default:
      return request satisfies never;
  }
}
