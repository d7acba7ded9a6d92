import type { JsonObject } from "./json.ts";

/** Time as an argument. `now` and `wall` never run backwards relative to `at`. */
export interface Clock {
  /** Monotonic milliseconds with fractions; the origin is arbitrary, per thread. */
  now(): number;
  /** Milliseconds since the Unix epoch. */
  wall(): number;
  /** Calls `task` once, at or soon after `now() >= time`, never synchronously. */
  at(time: number, task: () => void): Alarm;
}

/** A pending call of `Clock.at`; `cancel` is idempotent. */
export interface Alarm {
  cancel(): void;
}

/** Uniform in [0, 1). */
export type Random = () => number;

export type LogLevel = "debug" | "info" | "warn" | "error";

/** The log port; fields are masked by the implementation. */
export type Log = (level: LogLevel, message: string, fields?: JsonObject) => void;

/** Replaces every known secret in a text by `***`. */
export type Masker = (text: string) => string;

/** Whether load may go out now: the lease and the target lists, asked before every dial and send. */
export interface Permit {
  /** May an operation start at this `Clock.now()`? */
  maySend(now: number): boolean;
  /**
   * null, or why load must not go there. Asked with the name before it is looked up (`address` is empty then), and with
   * each address before it is dialled; redirects are dialled like everything else.
   */
  refuses(host: string, address: string): string | null;
  /** There are target lists: what somebody else would look up has to be looked up here first. Absent: there are none. */
  readonly restricts?: true;
}

/** What load may be sent to: ranges (`10.0.0.0/8`, one address) names (`shop.example`, `*.shop.example`) and paths of unix sockets (`/run/*`). `deny` wins; an empty `allow` allows the rest. */
export interface TargetLists {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}
