import type {
  AppendOutcome,
  DocumentName,
  IndexPage,
  IndexQuery,
  IndexRow,
  Position,
  Receipt,
  ReceiptAnswer,
  ReceiptRoom,
  Source,
} from "../store.ts";

/** Values cross as bytes; they are encoded and decoded on the store's side. */
type Bytes = Uint8Array<ArrayBufferLike>;

/** What the store's thread does, by name. */
export interface SqliteSignatures {
  acquire: { args: [executionId: string, least: number]; result: number };
  writeCheckpoint: { args: [executionId: string, token: number, state: Bytes]; result: boolean };
  readCheckpoint: { args: [executionId: string]; result: { readonly token: number; readonly state: Bytes } | null };
  /** `before`: number of the frame that this one follows. */
  appendFrame: {
    args: [source: Source, before: number, number: number, frame: Bytes, report: Bytes | null];
    result: AppendOutcome;
  };
  readFrames: { args: [executionId: string]; result: readonly { readonly source: Source; readonly frame: Bytes }[] };
  writeSnapshot: {
    args: [executionId: string, token: number, packed: Bytes, positions: readonly Position[]];
    result: boolean;
  };
  readSnapshot: {
    args: [executionId: string];
    result: { readonly token: number; readonly packed: Bytes; readonly positions: readonly Position[] } | null;
  };
  listExecutions: { args: []; result: readonly string[] };
  putDocument: { args: [executionId: string, name: DocumentName, value: Bytes]; result: void };
  getDocument: { args: [executionId: string, name: DocumentName]; result: Bytes | null };
  putIndex: { args: [row: IndexRow]; result: void };
  listIndex: { args: [query: IndexQuery]; result: IndexPage };
  purge: { args: [executionId: string]; result: void };
  claimReceipt: { args: [receipt: Receipt, now: number, room: ReceiptRoom]; result: Receipt | null };
  answerReceipt: { args: [name: string, answer: ReceiptAnswer]; result: void };
  dropReceipt: { args: [name: string]; result: void };
  putSlave: { args: [slaveId: string, lastSeen: number, known: Bytes, since: number, most: number]; result: void };
  listSlaves: { args: []; result: readonly { slaveId: string; lastSeen: number; known: Bytes }[] };
}

export type SqliteName = keyof SqliteSignatures;

/** The operations themselves. */
export type SqliteOperations = {
  readonly [Name in SqliteName]: (...args: SqliteSignatures[Name]["args"]) => SqliteSignatures[Name]["result"];
};

/** What the store asks of its thread. */
export type SqliteCall = { readonly id: number } & (
  | { [Name in SqliteName]: SqliteRequest<Name> }[SqliteName]
  | { readonly name: "backup"; readonly path: string }
  | { readonly name: "close" }
);

export interface SqliteRequest<Name extends SqliteName> {
  readonly name: Name;
  readonly args: SqliteSignatures[Name]["args"];
}

/** The answer; it is sent once the transaction is committed. Id 0: the file is open. */
export interface SqliteReply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
  /** What was asked for is in the file and cannot be read, however often it is tried. */
  readonly unreadable?: boolean;
}
