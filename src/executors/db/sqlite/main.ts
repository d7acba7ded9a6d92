import { constants, DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import { RowSink } from "../row-sink.ts";
import type { SqliteFact, SqliteOrder } from "./message.ts";

// The entry of a process that has one database open. SQLite works in the thread that asks it and cannot be interrupted:
// here it keeps nobody waiting, and a statement that takes too long ends with the process.

const [path = ":memory:"] = process.argv.slice(2);

/** The most statements that are kept prepared. */
const maxPrepared = 256;
/** The lowest bound on a value, bytes: what a small result is made of may be longer than it. */
const leastLimit = 64_000_000;
const tooBig = 18;

// A statement that never ends would outlive a parent that was killed.
const watch = `const parent = process.ppid; setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, "SIGKILL"); }, 1000)`;
new Worker(watch, { eval: true }).unref();

const tell = (fact: SqliteFact): void => void process.send?.(fact);
const prepared = new Map<string, StatementSync>();
let database: DatabaseSync;

try {
  database = new DatabaseSync(path, { timeout: 60_000 });
  database.setAuthorizer((action, name) => {
    const opensFiles =
      action === constants.SQLITE_ATTACH ||
      (action === constants.SQLITE_PRAGMA && /^(?:temp_store|data_store)_directory$/i.test(name ?? ""));
    return opensFiles ? constants.SQLITE_DENY : constants.SQLITE_OK;
  });
  process.on("message", (order: SqliteOrder) => tell(perform(order)));
  process.once("disconnect", () => process.exit());
  tell({ type: "done", rows: [], count: 0, columns: 0, affected: 0, lastId: null, isInTransaction: false });
} catch (error) {
  tell(describe(error));
  process.exitCode = 1;
  process.disconnect();
}

interface Change {
  readonly affected: number;
  readonly lastId: number | bigint | null;
}

function perform({ text, params, name, maxRows, maxBytes, keep }: SqliteOrder): SqliteFact {
  const sink = new RowSink(maxRows, maxBytes, keep);
  try {
    const statement = prepare(text, name);
    const values = params.map(toInput);
    const columns = statement.columns().length;
    const end = columns === 0 ? change(statement, values) : readWithin(statement, values, sink);
    const { isTransaction: isInTransaction } = database;
    if (sink.failure !== null) return { type: "too_large", ...sink.failure.failure, isInTransaction };
    return { type: "done", rows: sink.rows, count: sink.count, columns, ...end, isInTransaction };
  } catch (error) {
    return describe(error);
  }
}

/** Reads with a bound on each value: a row is in memory before it can be measured. */
function readWithin(statement: StatementSync, values: readonly SQLInputValue[], sink: RowSink): Change {
  const given = values.reduce<number>((sum, value) => sum + measure(value), 0);
  const { length: usual } = database.limits;
  database.limits.length = Math.min(usual, Math.max(sink.maxBytes, leastLimit) + given);
  try {
    return read(statement, values, sink);
  } catch (error) {
    // It says so with a failure of its own.
    if ((error as { readonly errcode?: unknown }).errcode !== tooBig) throw error;
    sink.hasRoomFor(Number.POSITIVE_INFINITY);
    return { affected: 0, lastId: null };
  } finally {
    database.limits.length = usual;
  }
}

/** Bytes of a value. */
function measure(value: SQLInputValue): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  return value !== null && typeof value === "object" ? value.byteLength : 8;
}

function prepare(text: string, name: string | null): StatementSync {
  const known = name === null ? undefined : prepared.get(name);
  if (known !== undefined) return known;
  const statement = database.prepare(text);
  const rest = text.slice(text.indexOf(statement.sourceSQL) + statement.sourceSQL.length);
  if (/[^\s;]/.test(rest.replaceAll(/--[^\n]*|\/\*.*?\*\//gs, ""))) {
    throw new Error("there is more than one statement; give each a step of its own");
  }
  statement.setReadBigInts(true);
  if (name !== null) {
    if (prepared.size >= maxPrepared) prepared.delete(prepared.keys().next().value ?? "");
    prepared.set(name, statement);
  }
  return statement;
}

function change(statement: StatementSync, values: readonly SQLInputValue[]): Change {
  const { changes, lastInsertRowid } = statement.run(...values);
  const isInsert = /^\s*(?:insert|replace|with)\b/i.test(statement.sourceSQL);
  const affected = isChange(statement.sourceSQL) ? Number(changes) : 0;
  return { affected, lastId: isInsert && affected > 0 ? shrink(BigInt(lastInsertRowid)) : null };
}

/** SQLite tells the changes of the latest statement that made any, also behind one that makes none. */
function isChange(text: string): boolean {
  return /^\s*(?:insert|replace|update|delete|with)\b/i.test(text);
}

function read(statement: StatementSync, values: readonly SQLInputValue[], sink: RowSink): Change {
  let bytes = 0;
  for (const row of statement.iterate(...values)) {
    const plain: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(row)) {
      bytes += measure(value);
      plain[name] = toPlain(value);
    }
    if (!sink.hasRoomFor(bytes) || !sink.add(plain)) break;
  }
  // With RETURNING a statement both changes and reads.
  return { affected: isChange(statement.sourceSQL) ? sink.count : 0, lastId: null };
}

function toPlain(value: unknown): unknown {
  if (typeof value === "bigint") return shrink(value);
  return value instanceof Uint8Array
    ? Buffer.from(value.buffer, value.byteOffset, value.length).toString("base64")
    : value;
}

/** A bigint only where a number would lose digits. */
function shrink(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function toInput(value: unknown): SQLInputValue {
  if (typeof value === "boolean") return value ? 1n : 0n;
  // A number would be stored as a fraction where the column says nothing.
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === "bigint") return BigInt.asIntN(64, value) === value ? value : String(value);
  if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) return JSON.stringify(value);
  return value as SQLInputValue;
}

function describe(error: unknown): SqliteFact {
  const message = error instanceof Error ? error.message : String(error);
  const { errcode } = error as { readonly errcode?: unknown };
  // Before the database is open there is none.
  const isInTransaction = (database as DatabaseSync | undefined)?.isTransaction ?? false;
  return { type: "failed", errcode: typeof errcode === "number" ? errcode : 1, message, isInTransaction };
}
