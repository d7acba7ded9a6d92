import type { DriverCall } from "../../driver/call-driver.ts";
import type { Resolver } from "../../http/dns.ts";
import type { Trusts } from "../../http/tls.ts";
import type { Clock, Permit } from "../../protocol/ports.ts";
import type { Failure } from "../../protocol/step.ts";
import type { ConnectionSettings } from "./connection-settings.ts";
import type { RowSink } from "./row-sink.ts";

/** One statement, ready to be sent. */
export interface Statement {
  /** SQL; empty for redis. */
  readonly text: string;
  /** null, booleans, numbers, bigints, texts, Buffers, lists and maps; for redis the words of the command. */
  readonly params: readonly unknown[];
  /** What the statement is prepared under, once per connection; null: it is sent as it is, its params bound. */
  readonly name: string | null;
  readonly encoding: "text" | "hex" | "base64";
}

/** What a statement did besides giving rows. */
export interface StatementEnd {
  /** Rows that were changed; 0 for those that only read. */
  readonly affected: number;
  /** The id that the database gave to the inserted row; null: none. */
  readonly lastId: number | bigint | string | null;
}

/**
 * A connection that one statement at a time uses. Every call rejects with what its driver's `describe` knows, or a
 * DriverFailure.
 */
export interface DbConnection {
  /** It can't be used any more. */
  readonly isBroken: boolean;
  /** A transaction is open, as far as the driver is told. */
  readonly isInTransaction: boolean;
  /** Gives the rows to `sink` as they come; a full sink breaks the connection: nothing of the rest is read. */
  run(statement: Statement, sink: RowSink): Promise<StatementEnd>;
  control(action: "begin" | "commit" | "rollback", sink: RowSink): Promise<StatementEnd>;
  /** Ends it at once, whatever it does; calls that run reject. Idempotent. */
  destroy(): void;
}

/** What opening a connection needs of its thread. */
export interface DbPorts {
  readonly clock: Clock;
  readonly permit: Permit;
  readonly resolver: Resolver;
  readonly trusts: Trusts;
}

/** What speaks with one kind of database. */
export interface DbDriver {
  /** Rejects as a connection's calls do; by `call.signal` at once, with nothing left open. */
  open(settings: ConnectionSettings, ports: DbPorts, call: DriverCall): Promise<DbConnection>;
  /** What an error of the driver means: the database's own code where it has one. */
  describe(error: unknown): Failure;
}
