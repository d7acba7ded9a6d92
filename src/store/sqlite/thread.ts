import { backup, type DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import type {
  SqliteCall,
  SqliteName,
  SqliteOperations,
  SqliteReply,
  SqliteRequest,
  SqliteSignatures,
} from "./message.ts";
import { openDatabase } from "./open-database.ts";
import { prepareOperations } from "./tables.ts";
import { watchFiles } from "./watch-file.ts";

/** The longest that a call waits for others to share its transaction. */
const groupMs = 2;
/** SQLite's codes for a file that is damaged, or was none of its own. */
const damaged: ReadonlySet<unknown> = new Set([11, 26]);
/** How much of the file is copied between other calls: 1 MiB. */
const pagesPerStep = 256;

const port = parentPort;
if (port !== null) serve(port, (workerData as { readonly path: string }).path);

/** Runs calls in their order; those of a group become durable together or not at all, and are answered then. */
function serve(link: NonNullable<typeof parentPort>, path: string): void {
  const database = open(link, path);
  if (database === null) return;
  const operations = prepareOperations(database);
  const files = watchFiles(path);
  let group:
    | { readonly call: SqliteRequest<SqliteName> & { readonly id: number }; readonly reply: SqliteReply }[]
    | null = null;

  const fail = (error: unknown, call: SqliteCall | null) => {
    const failed = group ?? [];
    group = null;
    // SQLite itself has rolled back after some errors.
    if (database.isTransaction) database.exec("ROLLBACK");
    const text = error instanceof Error ? error.message : String(error);
    // First, for whoever waits for several: the others of the group failed because of it.
    if (call !== null) {
      link.postMessage({ id: call.id, error: text, unreadable: isUnreadable(call, error) } satisfies SqliteReply);
    }
    for (const { call: of } of failed) link.postMessage(isRead(of) ? readAlone(of) : { id: of.id, error: text });
  };
  /** What a failed group read it reads again by itself: the others' failure, a full disk, is none of its own. */
  const readAlone = (call: SqliteRequest<SqliteName> & { readonly id: number }): SqliteReply => {
    try {
      return { id: call.id, result: perform(operations, call) };
    } catch (error) {
      return { id: call.id, error: error instanceof Error ? error.message : String(error) };
    }
  };
  const commit = () => {
    if (group === null) return;
    try {
      files.check();
      database.exec("COMMIT");
    } catch (error) {
      return fail(error, null);
    }
    for (const { reply } of group) link.postMessage(reply);
    group = null;
  };

  // Between two steps of a copy alone: a step that meets an open transaction fails.
  let waiting: SqliteCall[] | null = null;
  const performWaiting = () => {
    const calls = waiting ?? [];
    waiting = [];
    for (const call of calls) {
      if (call.name === "close") {
        waiting = [call];
        throw new Error("the store was closed");
      }
      take(call);
    }
    commit();
  };
  const copy = async (id: number, to: string): Promise<void> => {
    commit();
    waiting = [];
    const answer = await backup(database, to, { rate: pagesPerStep, progress: performWaiting }).then(
      (): SqliteReply => ({ id }),
      (error: unknown): SqliteReply => ({ id, error: error instanceof Error ? error.message : String(error) }),
    );
    link.postMessage(answer);
    const calls = waiting;
    waiting = null;
    for (const call of calls) take(call);
  };
  const take = (call: SqliteCall): void => {
    const { id } = call;
    if (call.name === "close") {
      commit();
      database.close();
      link.close();
      return;
    }
    if (call.name === "backup") return void copy(id, call.path);
    try {
      if (group === null) {
        database.exec("BEGIN");
        group = [];
        setTimeout(commit, groupMs);
      }
      group.push({ call, reply: { id, result: perform(operations, call) } });
    } catch (error) {
      fail(error, call);
    }
  };
  link.on("message", (call: SqliteCall) => {
    if (waiting === null) take(call);
    else waiting.push(call);
  });
}

/** After a read that met damage SQLite refuses the writes of its transaction too: they were not what is damaged. */
function isUnreadable(call: SqliteCall, error: unknown): boolean {
  const { errcode = 0 } = error as { readonly errcode?: number };
  // The low byte is the code, what is above says more of it.
  return isRead(call) && (error instanceof TypeError || damaged.has(errcode & 0xff));
}

function isRead({ name }: Pick<SqliteCall, "name">): boolean {
  return /^(read|get|list)/.test(name);
}

function open(link: NonNullable<typeof parentPort>, path: string): DatabaseSync | null {
  try {
    const database = openDatabase(path);
    link.postMessage({ id: 0 } satisfies SqliteReply);
    return database;
  } catch (error) {
    link.postMessage({ id: 0, error: error instanceof Error ? error.message : String(error) } satisfies SqliteReply);
    link.close();
    return null;
  }
}

function perform<Name extends SqliteName>(
  operations: SqliteOperations,
  { name, args }: SqliteRequest<Name>,
): SqliteSignatures[Name]["result"] {
  return operations[name](...args);
}
