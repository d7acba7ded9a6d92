import type { Frame } from "../../protocol/frame.ts";
import type { Checkpoint, Source } from "../store.ts";

/** What the store asks of its thread. */
export type SqliteRequest =
  | { readonly type: "acquire" | "readCheckpoint" | "readFrames" | "purge"; readonly executionId: string }
  | { readonly type: "writeCheckpoint"; readonly executionId: string; readonly checkpoint: Checkpoint }
  | { readonly type: "appendFrame"; readonly source: Source; readonly frame: Frame }
  | { readonly type: "listExecutions" }
  | { readonly type: "close" };

export interface SqliteCall {
  readonly id: number;
  readonly request: SqliteRequest;
}

/** The answer; it is sent once the transaction is committed. Id 0: the file is open. */
export interface SqliteReply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}
