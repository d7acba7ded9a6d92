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

/** A statement is over: null where it did what it should. */
export type HearEnd = (error: unknown) => void;

/**
 * A connection that one statement at a time uses. `over` is called once for each, also at a break: with what the driver's
 * `describe` knows, or a DriverFailure; the connection can be used again then, or is broken.
 */
export interface DbConnection {
  /** It can't be used any more. */
  readonly isBroken: boolean;
  /** A transaction is open, as far as the driver is told. */
  readonly isInTransaction: boolean;
  /** Gives the rows to `sink` as they come; a full sink breaks the connection: nothing of the rest is read. */
  run(statement: Statement, sink: RowSink, over: HearEnd): void;
  control(action: "begin" | "commit" | "rollback", sink: RowSink, over: HearEnd): void;
  /** Ends it at once, whatever it does; what runs fails. Idempotent. */
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
  /** Rejects with what `describe` knows, or a DriverFailure; by `call.signal` at once, with nothing left open. */
  open(settings: ConnectionSettings, ports: DbPorts, call: DriverCall): Promise<DbConnection>;
  /** What an error of the driver means: the database's own code where it has one. */
  describe(error: unknown): Failure;
}
