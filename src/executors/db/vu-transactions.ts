import { DriverFailure } from "../../driver/call-driver.ts";
import type { VuResource } from "../../protocol/step.ts";
import type { DbConnection } from "./driver.ts";
import type { Pool } from "./pool.ts";

interface Transaction {
  readonly connection: DbConnection;
  /** A statement runs in it. */
  isBusy: boolean;
  /** Its connection broke: the database has rolled it back. */
  isLost: boolean;
}

/** The open transactions of one VU, at most one per database; each has a connection to itself. */
export class VuTransactions implements VuResource {
  readonly #open = new Map<Pool, Transaction>();
  #closed = false;

  get isEmpty(): boolean {
    return this.#open.size === 0;
  }

  has(pool: Pool): boolean {
    return this.#open.has(pool);
  }

  isLost(pool: Pool): boolean {
    return this.#open.get(pool)?.isLost === true;
  }

  /** The connection of an open transaction, to work on until `leave`. Throws a DriverFailure when it cannot be used. */
  enter(pool: Pool): DbConnection {
    const transaction = this.#open.get(pool);
    if (transaction === undefined) throw new Error("no transaction is open");
    if (transaction.isLost) {
      const message = "the connection of this transaction broke, so the database has rolled it back; begin anew";
      throw new DriverFailure("transaction_lost", message);
    }
    if (transaction.isBusy) {
      throw new DriverFailure(
        "transaction_busy",
        "another branch is using this transaction; put its steps in sequence",
      );
    }
    transaction.isBusy = true;
    return transaction.connection;
  }

  /** Nothing runs in the transaction any more. One whose connection broke stays, so that nothing runs outside of it. */
  leave(pool: Pool): void {
    const transaction = this.#open.get(pool);
    if (transaction === undefined) return;
    transaction.isBusy = false;
    if (!transaction.connection.isBroken) return;
    transaction.isLost = true;
    pool.discard(transaction.connection);
  }

  /** Keeps the connection of a transaction that has begun. A VU that has ended keeps none. */
  keep(pool: Pool, connection: DbConnection): void {
    if (this.#closed) pool.discard(connection);
    else this.#open.set(pool, { connection, isBusy: false, isLost: false });
  }

  /** The transaction is over, or forgotten when it was lost. */
  drop(pool: Pool): void {
    this.#open.delete(pool);
  }

  /** Takes all transactions that are still usable out. */
  takeAll(): (readonly [Pool, DbConnection])[] {
    const taken = [...this.#open].flatMap(([pool, { connection, isBusy, isLost }]) => {
      if (isLost) return [];
      if (!isBusy) return [[pool, connection] as const];
      pool.discard(connection);
      return [];
    });
    this.#open.clear();
    return taken;
  }

  close(): void {
    this.#closed = true;
    for (const [pool, connection] of this.takeAll()) pool.discard(connection);
  }
}
