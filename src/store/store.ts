import type { Frame } from "../protocol/frame.ts";

/** Whose frames: one incarnation of a slave in one execution. */
export interface Source {
  readonly executionId: string;
  readonly slaveId: string;
  readonly incarnation: number;
}

export interface StoredFrame {
  readonly source: Source;
  readonly frame: Frame;
}

/** An owner's state as it was written last, with the token it was written under. */
export interface Checkpoint {
  readonly token: number;
  readonly state: unknown;
}

/** What outlives a master. A resolved promise means durable. Every method rejects once closed. */
export interface Store {
  /** Takes the ownership of an execution; gives its token, higher than every one before. */
  acquire(executionId: string): Promise<number>;
  /** Writes the owner's state; false: a higher token has been given out, and nothing was written. */
  writeCheckpoint(executionId: string, checkpoint: Checkpoint): Promise<boolean>;
  /** null: none was written. */
  readCheckpoint(executionId: string): Promise<Checkpoint | null>;
  /** Appends frame n of a source if n = high + 1, in one transaction with the high-water mark. */
  appendFrame(source: Source, frame: Frame): Promise<AppendOutcome>;
  /** All frames of an execution, those of one source in their order. */
  readFrames(executionId: string): Promise<readonly StoredFrame[]>;
  /** Executions with a checkpoint. */
  listExecutions(): Promise<readonly string[]>;
  /** Forgets an execution. */
  purge(executionId: string): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** `high`: the number of the last frame the store has of the source. */
export type AppendOutcome =
  | { readonly outcome: "appended" | "duplicate"; readonly high: number }
  | { readonly outcome: "gap"; readonly high: number };
