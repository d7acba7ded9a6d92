import { type ChildProcess, fork } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type DriverCall, DriverFailure } from "../../../driver/call-driver.ts";
import { codes } from "../../../http/codes.ts";
import { type ConnectionSettings, memoryPath } from "../connection-settings.ts";
import type { DbConnection, DbDriver, DbPorts, Statement, StatementEnd } from "../driver.ts";
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
  let waiting: { resolve(fact: SqliteFact): void; reject(error: unknown): void } | null = null;
  child.on("message", (fact: SqliteFact) => {
    const asked = waiting;
    waiting = null;
    isInTransaction = fact.isInTransaction;
    asked?.resolve(fact);
  });
  const breakOff = () => {
    isBroken = true;
    waiting?.reject(new DriverFailure(String(codes.other), "the process that had the database open has ended"));
    waiting = null;
  };
  child.on("error", breakOff);
  child.on("exit", breakOff);

  const hear = (): Promise<SqliteFact> =>
    new Promise((heard, reject) => {
      waiting = { resolve: heard, reject };
    });

  async function run({ text, params, name }: Omit<Statement, "encoding">, sink: RowSink): Promise<StatementEnd> {
    const { maxRows, maxBytes, keep } = sink;
    const order: SqliteOrder = { text, params, name, maxRows, maxBytes, keep };
    const answered = hear();
    child.send(order, (error) => {
      if (error !== null) breakOff();
    });
    return take(await answered, sink);
  }

  function destroy(): void {
    isBroken = true;
    child.kill("SIGKILL");
  }

  take(await hear(), new RowSink(0, 0, 0));
  return {
    get isBroken() {
      return isBroken;
    },
    get isInTransaction() {
      return isInTransaction;
    },
    run,
    // Asks for the lock at once: two transactions that read first and write then would refuse each other.
    control: (action, sink) =>
      run({ text: action === "begin" ? "BEGIN IMMEDIATE" : action.toUpperCase(), params: [], name: null }, sink),
    destroy,
  };
}

function take(fact: SqliteFact, sink: RowSink): StatementEnd {
  if (fact.type === "too_large") throw new DriverFailure(fact.code, fact.message);
  if (fact.type === "failed") throw new DriverFailure(nameCode(fact.errcode), fact.message);
  sink.fill(fact.rows, fact.count);
  return fact.end;
}
