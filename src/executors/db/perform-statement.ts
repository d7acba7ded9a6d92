import { type DriverCall, DriverFailure } from "../../driver/call-driver.ts";
import type { DbConfig } from "./db-config.ts";
import type { DbConnection, Statement, StatementEnd } from "./driver.ts";
import type { Pool } from "./pool.ts";
import { RowSink } from "./row-sink.ts";
import type { VuTransactions } from "./vu-transactions.ts";

/** A step's `output`. */
export interface DbAnswer {
  readonly rows: readonly unknown[];
  /** Rows that came, also where they are not kept. */
  readonly row_count: number;
  readonly affected: number;
  readonly last_id: number | bigint | string | null;
  /** Of the action `count`. */
  readonly count?: number | bigint;
  /** Of the action `exists`. */
  readonly exists?: boolean;
}

/** One statement and what it runs on. */
export interface StatementUse {
  readonly config: DbConfig;
  /** Does anything read the rows? */
  readonly keepsRows: boolean;
  readonly statement: Statement;
  readonly pool: Pool;
  readonly transactions: VuTransactions;
  /** The connection is there. */
  onConnected(): void;
}

/**
 * Runs a statement on the VU's transaction, or on a connection of the pool. One that is given up ends its connection:
 * nobody is given one that the database still works on. Rejects as `DbConnection` does.
 */
export async function performStatement(use: StatementUse, call: DriverCall): Promise<DbAnswer> {
  const { config, keepsRows, statement, pool, transactions } = use;
  const { action, maxRows, maxBytes } = config;
  const sink = new RowSink(maxRows, maxBytes, action === "count" || action === "exists" ? 1 : keepsRows ? maxRows : 0);
  if (action === "begin") return answer(await begin());
  if (transactions.has(pool)) return answer(await goOn());
  if (action === "commit" || action === "rollback") {
    throw new DriverFailure("no_transaction", `no transaction is open that \`${action}\` could end; \`begin\` one`);
  }
  const connection = pool.takeIdle() ?? (await acquire());
  use.onConnected();
  call.onGivenUp = () => connection.destroy();
  try {
    return answer(await connection.run(statement, sink));
  } finally {
    call.onGivenUp = null;
    pool.release(connection);
  }

  async function begin(): Promise<StatementEnd> {
    if (transactions.has(pool)) {
      throw new DriverFailure("transaction_open", "a transaction is open already; `commit` or `rollback` it first");
    }
    const connection = await acquire();
    use.onConnected();
    try {
      const end = await run(connection, () => connection.control("begin", sink));
      transactions.keep(pool, connection);
      return end;
    } catch (error) {
      pool.discard(connection);
      throw error;
    }
  }

  async function goOn(): Promise<StatementEnd> {
    const ends = action === "commit" || action === "rollback";
    let connection: DbConnection;
    try {
      connection = transactions.enter(pool);
    } catch (error) {
      if (ends && transactions.isLost(pool)) transactions.drop(pool);
      throw error;
    }
    use.onConnected();
    try {
      return await run(connection, () => (ends ? connection.control(action, sink) : connection.run(statement, sink)));
    } finally {
      transactions.leave(pool);
      if (ends) {
        transactions.drop(pool);
        pool.release(connection);
      }
    }
  }

  async function acquire(): Promise<DbConnection> {
    const connection = await pool.acquire(call);
    if (!call.isGivenUp) return connection;
    pool.release(connection);
    throw new Error("given up");
  }

  async function run(connection: DbConnection, start: () => Promise<StatementEnd>): Promise<StatementEnd> {
    call.onGivenUp = () => connection.destroy();
    try {
      return await start();
    } finally {
      call.onGivenUp = null;
    }
  }

  function answer({ affected, lastId }: StatementEnd): DbAnswer {
    const plain = { rows: sink.rows, row_count: sink.count, affected, last_id: lastId };
    if (action === "count") return { ...plain, count: readCount(sink) };
    if (action === "exists") return { ...plain, exists: readExists(sink) };
    return plain;
  }
}

function readCount({ rows, count }: RowSink): number | bigint {
  const [row] = rows;
  const value: unknown = typeof row === "object" && row !== null ? Object.values(row)[0] : row;
  const number = typeof value === "string" && /^-?\d+$/.test(value) ? BigInt(value) : value;
  if (count === 1 && (typeof number === "number" || typeof number === "bigint")) return number;
  throw new DriverFailure(
    "no_count",
    "`count` wants a query that gives one number, such as SELECT count(*) FROM users",
  );
}

/** SQL: is there a row? Redis: an answer that is neither nil, nor 0, nor empty. */
function readExists({ rows, count }: RowSink): boolean {
  const [row] = rows;
  return count > 0 && row !== null && row !== 0 && !(Array.isArray(row) && row.length === 0);
}
