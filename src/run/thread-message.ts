import type { RowIndex } from "../data/row-index.ts";
import { EngineError, errorTable, type ErrorCode } from "../errors.ts";
import type { JsonObject } from "../protocol/json.ts";
import type { Arrivals, Departures, Inputs, ScenarioPause } from "../protocol/message.ts";
import type { FilePaths } from "../protocol/named-file.ts";
import type { IterationRange, Plan, Share, VuIteration } from "../protocol/plan.ts";
import type { LogLevel, TargetLists } from "../protocol/ports.ts";
import type { Problem } from "../protocol/problem.ts";
import type { SharedValues } from "../protocol/report.ts";
import type { FramePart } from "./share-part.ts";

/** What a thread is made with. */
export interface ThreadInput {
  readonly plan: Plan;
  readonly share: Share;
  readonly inputs: Inputs;
  readonly slaveId: string;
  readonly files: FilePaths;
  readonly threads: number;
  readonly claimMemory: SharedArrayBuffer;
  /** null: no lease. */
  readonly leaseMemory: SharedArrayBuffer | null;
  /** null: load may be sent to everything. */
  readonly targets: TargetLists | null;
  /** Databases and brokers that this slave knows by name. */
  readonly connections: Readonly<Record<string, JsonObject>>;
  /** Whether the workflow may name files of this machine. */
  readonly opensFiles: boolean;
  /** What the thread's random numbers follow from: 32 bits. */
  readonly seed: number;
  /** The same on all threads of all nodes. */
  readonly commonSeed: number;
}

/** To a thread. `call` numbers what is to be answered; instants are of `readSharedInstant`. */
export type ThreadOrder =
  | { readonly type: "setup" | "close"; readonly call: number }
  | { readonly type: "prepare"; readonly call: number; readonly indexes: readonly RowIndex[] }
  | {
      readonly type: "start";
      readonly at: number;
      readonly shared: SharedValues;
      readonly pauses: readonly ScenarioPause[];
    }
  | { readonly type: "pause"; readonly call: number; readonly atTestTimeMs: number }
  | { readonly type: "resume"; readonly at: number; readonly testTimeMs: number }
  | { readonly type: "pause_scenario"; readonly call: number; readonly scenario: number; readonly atMs: number }
  | { readonly type: "resume_scenario"; readonly scenario: number; readonly atMs: number; readonly pausedMs: number }
  | {
      readonly type: "scale";
      readonly scenario: number;
      readonly testTimeMs: number;
      readonly target: number;
      readonly overMs: number;
    }
  | { readonly type: "release"; readonly call: number; readonly share: Share }
  | { readonly type: "grant"; readonly share: Share }
  | {
      readonly type: "allot";
      readonly scenario: number;
      readonly ranges: readonly IterationRange[];
      readonly last: boolean;
    }
  | { readonly type: "claimed"; readonly scenario: number; readonly through: readonly VuIteration[] }
  | { readonly type: "proceed"; readonly scenario: string; readonly points: readonly Departures[] }
  | { readonly type: "watch_lease" }
  | { readonly type: "stop"; readonly graceMs: number }
  | { readonly type: "teardown"; readonly call: number; readonly shared: SharedValues };

/** What the calls of a part resolve with. */
export type Answer = SharedValues | VuIteration[][] | number | null;

/** From a thread. */
export type ThreadFact =
  | { readonly type: "answer"; readonly call: number; readonly value: Answer }
  | { readonly type: "failure"; readonly call: number; readonly error: PortableError }
  | { readonly type: "frame"; readonly part: FramePart }
  | { readonly type: "started"; readonly at: number }
  | { readonly type: "idle"; readonly idle: boolean; readonly changes: number }
  | { readonly type: "want"; readonly scenario: number }
  | { readonly type: "claim"; readonly scenario: number; readonly through: readonly VuIteration[] }
  | { readonly type: "arrive"; readonly arrivals: Omit<Arrivals, "thread" | "threads"> }
  | { readonly type: "rows_over"; readonly feeder: number }
  | { readonly type: "spare_row"; readonly line: number; readonly row: number }
  | { readonly type: "done" }
  | { readonly type: "fault"; readonly error: PortableError }
  | { readonly type: "log"; readonly level: LogLevel; readonly message: string; readonly fields?: JsonObject };

/** An error as data: classes do not cross threads. */
export interface PortableError {
  /** null: not an EngineError. */
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly hint: string | null;
  readonly problems: readonly Problem[];
  readonly stack: string;
}

export function packError(error: unknown): PortableError {
  if (!(error instanceof Error)) return { code: null, message: String(error), hint: null, problems: [], stack: "" };
  const { message, stack = "" } = error;
  if (!(error instanceof EngineError)) return { code: null, message, hint: null, problems: [], stack };
  return { code: error.code, message, hint: error.hint, problems: error.problems, stack };
}

export function unpackError(packed: PortableError): Error {
  if (packed.code === null || !Object.hasOwn(errorTable, packed.code)) {
    const error = new Error(packed.message);
    error.stack = packed.stack;
    return error;
  }
  return new EngineError(packed.code, packed.message, { hint: packed.hint ?? undefined, problems: packed.problems });
}

/** Milliseconds on a scale that is the same in all threads of a process, whose `performance.now` differ. */
export function readSharedInstant(): number {
  return performance.timeOrigin + performance.now();
}
