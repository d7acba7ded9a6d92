import { type ChildProcess, fork } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type DriverCall, DriverFailure } from "../../../driver/call-driver.ts";
import { codes } from "../../../http/codes.ts";
import { type ConnectionSettings, memoryPath } from "../connection-settings.ts";
import type { DbConnection, DbDriver, DbPorts, HearEnd, Statement } from "../driver.ts";
import { RowSink } from "../row-sink.ts";
import type { SqliteFact, SqliteOrder } from "./message.ts";
import { nameCode } from "./name-code.ts";

/** Speaks with SQLite in a process of its own for each connection: what takes too long can be ended there. */
export const sqliteDriver: DbDriver = {
  open,
  describe: (error) => ({ code: "sqlite", message: error instanceof Error ? error.message : String(error) }),
};

const entry = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "./main.ts" : "./main.js", import.meta.url));

async function open({ path }: ConnectionSettings, _ports: DbPorts, call: DriverCall): Promise<DbConnection> {
  const file = path === null || path === memoryPath ? memoryPath : resolve(path);
  const child = fork(entry, [file], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    serialization: "advanced",
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  const give = () => child.kill("SIGKILL");
  call.signal.addEventListener("abort", give);
  try {
    return await connect(child);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  } finally {
    call.signal.removeEventListener("abort", give);
  }
}

async function connect(child: ChildProcess): Promise<DbConnection> {
  let isBroken = false;
  let isInTransaction = false;
  let hear: ((fact: SqliteFact | null) => void) | null = null;
  const answer = (fact: SqliteFact | null) => {
    const heard = hear;
    hear = null;
    heard?.(fact);
  };
  child.on("message", (fact: SqliteFact) => {
    isInTransaction = fact.isInTransaction;
    answer(fact);
  });
  const breakOff = () => {
    isBroken = true;
    answer(null);
  };
  child.on("error", breakOff);
  child.on("exit", breakOff);

  function run({ text, params, name }: Omit<Statement, "encoding">, sink: RowSink, over: HearEnd): void {
    hear = (fact) => over(take(fact, sink));
    if (isBroken) {
      answer(null);
      return;
    }
    const { maxRows, maxBytes, keep } = sink;
    const order: SqliteOrder = { text, params, name, maxRows, maxBytes, keep };
    child.send(order, (error) => {
      if (error !== null) breakOff();
    });
  }

  function destroy(): void {
    isBroken = true;
    child.kill("SIGKILL");
  }

  const failure = take(
    await new Promise<SqliteFact | null>((resolve) => {
      hear = resolve;
    }),
    new RowSink(0, 0, 0),
  );
  if (failure !== null) throw failure;
  return {
    get isBroken() {
      return isBroken;
    },
    get isInTransaction() {
      return isInTransaction;
    },
    run,
    // Asks for the lock at once: two transactions that read first and write then would refuse each other.
    control: (action, sink, over) =>
      run({ text: action === "begin" ? "BEGIN IMMEDIATE" : action.toUpperCase(), params: [], name: null }, sink, over),
    destroy,
  };
}

/** Gives why it failed; null: it did not. */
function take(fact: SqliteFact | null, sink: RowSink): DriverFailure | null {
  if (fact === null) return new DriverFailure(String(codes.other), "the process that had the database open has ended");
  if (fact.type === "too_large") return new DriverFailure(fact.code, fact.message);
  if (fact.type === "failed") return new DriverFailure(nameCode(fact.errcode), fact.message);
  sink.fill(fact.rows, fact.count, fact.columns);
  sink.affected = fact.affected;
  sink.lastId = fact.lastId;
  return null;
}
