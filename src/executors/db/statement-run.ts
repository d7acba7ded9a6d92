import { type CallWork, type DriverCall, DriverFailure, type DriverOutcome } from "../../driver/call-driver.ts";
import type { Clock } from "../../protocol/ports.ts";
import type { Failure, StepResult } from "../../protocol/step.ts";
import type { DbConfig } from "./db-config.ts";
import type { DbConnection, Statement } from "./driver.ts";
import type { Pool, Seeker } from "./pool.ts";
import { readCount } from "./read-count.ts";
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

/** What is the same each time that a step runs. */
export interface StatementStep {
  readonly config: DbConfig;
  /** How many rows are kept. */
  readonly keep: number;
  readonly clock: Clock;
  finish(run: StatementRun, outcome: DriverOutcome<DbAnswer>): StepResult;
}

/**
 * A statement that runs on the VU's transaction, or on a connection of the pool. One that is given up ends its
 * connection: nobody is given one that the database still works on.
 */
export class StatementRun implements CallWork<DbAnswer, StepResult>, Seeker {
  /** How long it waited for its connection, ms; null: it got none. */
  blockedMs: number | null = null;
  call!: DriverCall<DbAnswer>;
  readonly pool: Pool;
  readonly #step: StatementStep;
  readonly #statement: Statement;
  readonly #transactions: VuTransactions;
  readonly #sink: RowSink;
  #isInTransaction = false;

  constructor(step: StatementStep, statement: Statement, pool: Pool, transactions: VuTransactions) {
    const { maxRows, maxBytes } = step.config;
    this.pool = pool;
    this.#step = step;
    this.#statement = statement;
    this.#transactions = transactions;
    this.#sink = new RowSink(maxRows, maxBytes, step.keep);
  }

  begin(call: DriverCall<DbAnswer>): void {
    this.call = call;
    const { action } = this.#step.config;
    const isOpen = this.#transactions.has(this.pool);
    if (isOpen && action === "begin") {
      throw new DriverFailure("transaction_open", "a transaction is open already; `commit` or `rollback` it first");
    }
    if (isOpen) this.#goOn();
    else if (this.#endsTransaction) {
      throw new DriverFailure("no_transaction", `no transaction is open that \`${action}\` could end; \`begin\` one`);
    } else this.pool.acquire(this);
  }

  describe(error: unknown): Failure {
    return this.pool.driver.describe(error);
  }

  finish(outcome: DriverOutcome<DbAnswer>): StepResult {
    return this.#step.finish(this, outcome);
  }

  connected(connection: DbConnection, atOnce: boolean): void {
    const { action } = this.#step.config;
    const { call } = this;
    const sink = this.#sink;
    this.blockedMs = atOnce ? 0 : this.#step.clock.now() - call.startedAt;
    call.onGivenUp = () => connection.destroy();
    const over = (error: unknown) => this.#end(connection, sink.failure ?? error);
    try {
      if (action === "begin" || action === "commit" || action === "rollback") connection.control(action, sink, over);
      else connection.run(this.#statement, sink, over);
    } catch (error) {
      over(error);
    }
  }

  failed(error: unknown): void {
    this.call.fail(error);
  }

  get #endsTransaction(): boolean {
    const { action } = this.#step.config;
    return action === "commit" || action === "rollback";
  }

  #goOn(): void {
    const { pool } = this;
    const transactions = this.#transactions;
    let connection: DbConnection;
    try {
      connection = transactions.enter(pool);
    } catch (error) {
      if (this.#endsTransaction && transactions.isLost(pool)) transactions.drop(pool);
      throw error;
    }
    this.#isInTransaction = true;
    this.connected(connection, true);
  }

  #end(connection: DbConnection, failure: unknown): void {
    const { call } = this;
    call.onGivenUp = null;
    this.#giveBack(connection, failure === null);
    if (failure !== null) {
      call.fail(failure);
      return;
    }
    let answer: DbAnswer;
    try {
      answer = this.#makeAnswer();
    } catch (error) {
      call.fail(error);
      return;
    }
    call.done(answer);
  }

  #giveBack(connection: DbConnection, isWell: boolean): void {
    const { pool } = this;
    const transactions = this.#transactions;
    if (this.#isInTransaction) {
      transactions.leave(pool);
      if (!this.#endsTransaction) return;
      transactions.drop(pool);
      pool.release(connection);
    } else if (this.#step.config.action !== "begin") pool.release(connection);
    else if (isWell) transactions.keep(pool, connection);
    else pool.discard(connection);
  }

  #makeAnswer(): DbAnswer {
    const { action } = this.#step.config;
    const { rows, count, affected, lastId } = this.#sink;
    const plain = { rows, row_count: count, affected, last_id: lastId };
    if (action === "count") return { ...plain, count: readCount(this.#sink) };
    if (action === "exists") return { ...plain, exists: readExists(this.#sink) };
    return plain;
  }
}

/** SQL: is there a row? Redis: an answer that is neither nil, nor 0, nor empty. */
function readExists({ rows, count }: RowSink): boolean {
  const [row] = rows;
  return count > 0 && row !== null && row !== 0 && !(Array.isArray(row) && row.length === 0);
}
