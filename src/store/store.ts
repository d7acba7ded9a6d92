import { EngineError } from "../errors.ts";
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

/** How far a source's frames are contained in a snapshot: through number `high`. */
export type Position = readonly [source: Source, high: number];

/** The merged state of an execution through its positions; the frames after them are in `readFrames`. */
export interface StoredSnapshot {
  readonly token: number;
  /** As `packSnapshot` made it. */
  readonly packed: unknown;
  readonly positions: readonly Position[];
}

/** What else is kept of an execution; each is one value, replaced as a whole. */
export type DocumentName = "submission" | "execution" | "metrics" | "report" | "logs";

/** An execution as the list of executions knows it. Times: epoch ms. */
export interface IndexRow {
  readonly executionId: string;
  readonly workflowId: string;
  readonly workflowName: string;
  readonly status: string;
  readonly createdAt: number;
  /** null: it has not ended. */
  readonly endedAt: number | null;
}

export interface IndexQuery {
  readonly status?: string;
  readonly workflowId?: string;
  /** Only those that ended before this, epoch ms. */
  readonly endedBefore?: number;
  readonly limit: number;
  readonly offset: number;
}

export interface IndexPage {
  readonly rows: readonly IndexRow[];
  /** All that match, on this page or not. */
  readonly total: number;
}

/** What a request is remembered by that must not be done twice. */
export interface Receipt {
  /** Made from the key that it came with. */
  readonly name: string;
  /** Made from who sent it. */
  readonly caller: string;
  /** Made from the rest of it: another request under the same key is seen. */
  readonly fingerprint: string;
  /** The id of the execution that it makes, if it makes one: chosen before. */
  readonly executionId: string;
  /** Epoch ms. */
  readonly expiresAt: number;
  /** null: it was not answered, as far as the store knows. */
  readonly answer: ReceiptAnswer | null;
}

export interface ReceiptAnswer {
  readonly status: number;
  readonly body: string;
}

/** How many receipts may be kept. */
export interface ReceiptRoom {
  readonly most: number;
  /** Of one caller. */
  readonly mostOfCaller: number;
}

/** A slave that has been seen. */
export interface SlaveRow {
  readonly slaveId: string;
  /** Epoch ms. */
  readonly lastSeen: number;
  /** What else is known of it. */
  readonly known: unknown;
}

/**
 * What outlives a master. A resolved promise means durable; a rejected one that nothing was written, and the store can
 * still be used: with EngineError `internal_error` where it was unable, which may pass; with any other error where what
 * was asked for is there and cannot be read. Values are anything that `structuredClone` copies, taken at the call. Every
 * method rejects once closed.
 */
export interface Store {
  /**
   * Takes the ownership of an execution; gives its token, higher than every one before and at least `least` (default 1).
   * With the time as `least` a store that has come back from an older copy gives out none twice.
   */
  acquire(executionId: string, least?: number): Promise<number>;
  /** Writes the owner's state; false: a higher token has been given out, and nothing was written. */
  writeCheckpoint(executionId: string, checkpoint: Checkpoint): Promise<boolean>;
  /** null: none was written. */
  readCheckpoint(executionId: string): Promise<Checkpoint | null>;
  /**
   * Appends frame n of a source if n = high + 1, or if it stands for all after `high`, in one transaction with the high-water mark, and with the execution's
   * document `report` where one is given that counts the frame; of a frame that is not appended nothing is written.
   */
  appendFrame(source: Source, frame: Frame, report?: unknown): Promise<AppendOutcome>;
  /** The frames of an execution that are in no snapshot, those of one source in their order. */
  readFrames(executionId: string): Promise<readonly StoredFrame[]>;
  /**
   * Writes the merged state and forgets the frames in it, in one transaction; their numbers stay duplicates. false: a
   * higher token has been given out, or frames would be lost that an earlier snapshot took; nothing was written.
   */
  writeSnapshot(executionId: string, token: number, packed: unknown, positions: readonly Position[]): Promise<boolean>;
  /** null: none was written. */
  readSnapshot(executionId: string): Promise<StoredSnapshot | null>;
  /** Executions with a checkpoint. */
  listExecutions(): Promise<readonly string[]>;
  putDocument(executionId: string, name: DocumentName, value: unknown): Promise<void>;
  /** null: there is none. */
  getDocument(executionId: string, name: DocumentName): Promise<unknown>;
  /** Adds an execution to the list, or replaces its row. */
  putIndex(row: IndexRow): Promise<void>;
  /** Newest first by `createdAt`; of the same moment the one that was added later. */
  listIndex(query: IndexQuery): Promise<IndexPage>;
  /** Forgets everything of an execution. */
  purge(executionId: string): Promise<void>;
  /**
   * Keeps a receipt where none of its name is kept that has not expired by `now` (epoch ms); gives the one that is kept
   * then, null: there is no room for it. Expired ones are forgotten.
   */
  claimReceipt(receipt: Receipt, now: number, room: ReceiptRoom): Promise<Receipt | null>;
  answerReceipt(name: string, answer: ReceiptAnswer): Promise<void>;
  dropReceipt(name: string): Promise<void>;
  /**
   * Keeps what is known of a slave, in place of what was; forgets those that were last seen before `since` (epoch ms) and,
   * beyond `most`, those that have not been seen for longest.
   */
  putSlave(row: SlaveRow, since: number, most: number): Promise<void>;
  /** Those that are kept, by id. */
  listSlaves(): Promise<readonly SlaveRow[]>;
  /**
   * Writes what is durable now, and some of what becomes so meanwhile, into a new file that the same kind of store opens;
   * the others' calls go on. Throws EngineError `conflict` where the store has no file, or a copy is being made already.
   */
  backup(path: string): Promise<void>;
  /** Idempotent; a copy that is being made is given up. */
  close(): Promise<void>;
}

/** `high`: the number of the last frame the store has of the source. */
export interface AppendOutcome {
  readonly outcome: "appended" | "duplicate" | "gap";
  readonly high: number;
}

/** Can a call that the store rejected with this succeed later? */
export function mayPass(error: unknown): boolean {
  return error instanceof EngineError && error.code === "internal_error";
}
