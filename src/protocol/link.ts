import type { Fact, Order, OrderStamp } from "./message.ts";
import type { LogLevel } from "./ports.ts";

/** Version of the messages between slave and master. A master takes no other. */
export const linkVersion = 2;

/** The WebSocket's path on a master, and the subprotocol both ends name. */
export const linkPath = "/api/v1/link";
export const linkSubprotocol = "workflow-engine.1";

/** What either end bears of the other; beyond it the link is closed with a message that names the limit. */
export const linkLimits = {
  /** Bytes of one message of a slave, and of a master: a plan holds its whole workflow. */
  messageBytes: 32 * 1024 * 1024,
  orderBytes: 64 * 1024 * 1024,
  /** Bytes given to a link and not yet taken by the network: the other end does not read. */
  bufferedBytes: 64 * 1024 * 1024,
  /** Messages a second from one slave, after a burst: what a long cut held back comes at once. */
  messagesPerSecond: 2_000,
  messageBurst: 20_000,
  /** A link must say hello within this, ms. */
  helloMs: 5_000,
  /** Nesting and values of one message. */
  depth: 200,
  values: 2_000_000,
  seriesPerFrame: 100_000,
  errorsPerFrame: 10_000,
  tagsPerSeries: 64,
  /** The outermost bucket of a trend (bucket scheme 1). */
  largestBucket: 3_071,
  /** Capabilities or labels of a slave. */
  cardEntries: 1_000,
  /** Entries of any other list, and keys of any other record. */
  entries: 100_000,
  /** UTF-16 units of an id, a capability, a label. */
  nameLength: 1_024,
  /** UTF-16 units of what comes from a workflow: names, tags, messages. */
  textLength: 1024 * 1024,
} as const;

/** The only slave type of this version. */
export type SlaveType = "worker";

/** What a slave says of itself once. */
export interface SlaveCard {
  readonly id: string;
  readonly type: SlaveType;
  /** Where its `/health`, `/status` and `/metrics` are: `host:port`; empty: nowhere. */
  readonly address: string;
  readonly capabilities: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** null: no limit. */
  readonly max_vus: number | null;
}

/** What a slave says of itself every heartbeat interval. */
export interface SlaveStatus {
  /** Of the machine's cores, 0..1. */
  readonly cpu: number;
  /** Resident bytes of the process. */
  readonly memory: number;
  readonly event_loop_lag_ms: number;
  /** VUs started and not ended, all executions. */
  readonly active_vus: number;
  /** It asks to be relieved of all its VUs. */
  readonly draining: boolean;
}

/** The first message of a link. */
export interface Hello {
  readonly type: "hello";
  readonly version: number;
  /** The engine's version. */
  readonly engine: string;
  /** A UUID of the slave's process: tells a reconnect from a second slave of the same id. */
  readonly instance: string;
  readonly slave: SlaveCard;
  /** A master drained it: the next one has to know. */
  readonly drained: boolean;
}

/** A slave is taken: the times that its leases follow from. */
export interface Welcome {
  readonly type: "welcome";
  /** H: the heartbeat timeout, ms. */
  readonly timeoutMs: number;
  /** The heartbeat interval, ms; leases shorten it to a fifth of H. */
  readonly intervalMs: number;
  readonly masterId: string;
  /** A secret of this link: with it the slave asks for files of its executions (`inputHeaders`). */
  readonly ticket: string;
}

/** Headers by which a slave says who it is when it fetches a file: its id, percent-encoded, and its link's ticket. */
export const inputHeaders = { slave: "x-slave-id", ticket: "x-slave-ticket" } as const;

/** A slave is not taken; the link is closed after this. It may try again. */
export interface Refused {
  readonly type: "refused";
  /** `slave_id_in_use`, `unsupported`, `too_many_slaves`, `invalid_message`, … */
  readonly error: string;
  readonly message: string;
}

/** Slave -> master, after hello. */
export type FromSlave =
  | { readonly type: "status"; readonly status: SlaveStatus }
  | { readonly type: "fact"; readonly execution: string; readonly incarnation: number; readonly fact: Fact }
  | { readonly type: "log"; readonly execution: string; readonly level: LogLevel; readonly message: string }
  /** Answers `probe`: this process still lives. */
  | { readonly type: "probe_answer" };

/** Slave -> master. A closed union: every reader switches exhaustively. */
export type ToMaster = Hello | FromSlave;

/** Master -> slave. A closed union: every reader switches exhaustively. */
export type ToSlave =
  | Welcome
  | Refused
  | { readonly type: "order"; readonly stamp: OrderStamp; readonly order: Order }
  /** Somebody else says it is you: answer if you live. */
  | { readonly type: "probe" }
  /** You are (no longer) being relieved of your VUs. */
  | { readonly type: "drain"; readonly draining: boolean };

/** A master's view of one slave: over WebSocket, or in memory. */
export interface SlaveLink {
  /** Never throws; what a closed link is given is dropped. */
  send(message: ToSlave): void;
  /** Idempotent; `reason` is told to the other end. */
  close(reason: string): void;
  /** Given to the link and not yet taken by the network. */
  readonly bufferedBytes: number;
}

/** A slave's view of its master. */
export interface MasterLink {
  /** Never throws; what a link that is not up is given is dropped. */
  send(message: ToMaster): void;
  /** Has the master said welcome? */
  readonly up: boolean;
}

/** Where links of slaves end in a master, whatever they are made of. */
export interface LinkPort {
  /** Decides on a hello, for which another process of the same id may have to be probed first; never rejects. */
  connect(hello: Hello, link: SlaveLink): Promise<Welcome | Refused>;
  /** What a slave that was welcomed says. Ignored when this instance is no longer the one of that id. */
  receive(id: string, instance: string, message: FromSlave): void;
  /** Its link is gone. */
  disconnect(id: string, instance: string): void;
}
