import { DatabaseSync } from "node:sqlite";
import { deserialize, serialize } from "node:v8";
import type { Frame } from "../../protocol/frame.ts";
import type { AppendOutcome, Checkpoint, Source, StoredFrame } from "../store.ts";

/**
 * The store's operations, one call each, inside a transaction that the caller opens and commits.
 *
 * | table | row |
 * | --- | --- |
 * | execution | the highest token given out, the checkpoint and its token |
 * | source | high-water mark of its frames |
 * | frame | one frame |
 */
export interface SqliteTables {
  begin(): void;
  commit(): void;
  rollback(): void;
  acquire(executionId: string): number;
  writeCheckpoint(executionId: string, checkpoint: Checkpoint): boolean;
  readCheckpoint(executionId: string): Checkpoint | null;
  appendFrame(source: Source, frame: Frame): AppendOutcome;
  readFrames(executionId: string): StoredFrame[];
  listExecutions(): string[];
  purge(executionId: string): void;
  close(): void;
}

const schema = `
  CREATE TABLE IF NOT EXISTS execution (id TEXT PRIMARY KEY, token INTEGER NOT NULL, written INTEGER, state BLOB) STRICT;
  CREATE TABLE IF NOT EXISTS source (
    execution TEXT, slave TEXT, incarnation INTEGER, high INTEGER NOT NULL,
    PRIMARY KEY (execution, slave, incarnation)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS frame (
    execution TEXT, slave TEXT, incarnation INTEGER, number INTEGER, body BLOB NOT NULL,
    PRIMARY KEY (execution, slave, incarnation, number)
  ) STRICT;
`;

/** Opens the file, makes it if need be, and locks it against every other process until closed or dead. */
export function openTables(path: string): SqliteTables {
  const database = new DatabaseSync(path);
  // Exclusive before WAL: the lock is then held from the first read on, and the operating system drops it at any death.
  database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  database.exec(`BEGIN IMMEDIATE; ${schema} COMMIT`);
  const prepare = (text: string) => database.prepare(text);
  const acquire = prepare(`
    INSERT INTO execution (id, token) VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET token = token + 1 RETURNING token`);
  const write = prepare("UPDATE execution SET written = ?, state = ? WHERE id = ? AND token <= ?");
  const addExecution = prepare("INSERT OR IGNORE INTO execution (id, token) VALUES (?, 0)");
  const read = prepare("SELECT written, state FROM execution WHERE id = ? AND state IS NOT NULL");
  const readHigh = prepare("SELECT high FROM source WHERE execution = ? AND slave = ? AND incarnation = ?");
  const writeHigh = prepare("INSERT OR REPLACE INTO source VALUES (?, ?, ?, ?)");
  const append = prepare("INSERT INTO frame VALUES (?, ?, ?, ?, ?)");
  const readFrames = prepare(
    "SELECT slave, incarnation, body FROM frame WHERE execution = ? ORDER BY slave, incarnation, number",
  );
  const list = prepare("SELECT id FROM execution WHERE state IS NOT NULL ORDER BY id");
  const purges = ["execution WHERE id", "source WHERE execution", "frame WHERE execution"].map((what) =>
    prepare(`DELETE FROM ${what} = ?`),
  );

  return {
    begin: () => database.exec("BEGIN"),
    commit: () => database.exec("COMMIT"),
    rollback: () => database.exec("ROLLBACK"),
    acquire: (executionId) => Number(acquire.get(executionId)?.token),
    writeCheckpoint(executionId, { token, state }) {
      addExecution.run(executionId);
      return Number(write.run(token, serialize(state), executionId, token).changes) > 0;
    },
    readCheckpoint(executionId) {
      const row = read.get(executionId);
      return row === undefined
        ? null
        : { token: Number(row.written), state: deserialize(row.state as Uint8Array) as unknown };
    },
    appendFrame({ executionId, slaveId, incarnation }, frame) {
      const high = Number(readHigh.get(executionId, slaveId, incarnation)?.high ?? 0);
      if (frame.number <= high) return { outcome: "duplicate", high };
      if (frame.number > high + 1) return { outcome: "gap", high };
      append.run(executionId, slaveId, incarnation, frame.number, serialize(frame));
      writeHigh.run(executionId, slaveId, incarnation, frame.number);
      return { outcome: "appended", high: frame.number };
    },
    readFrames: (executionId) =>
      readFrames.all(executionId).map(({ slave, incarnation, body }) => ({
        source: { executionId, slaveId: String(slave), incarnation: Number(incarnation) },
        frame: deserialize(body as Uint8Array) as Frame,
      })),
    listExecutions: () => list.all().map(({ id }) => String(id)),
    purge: (executionId) => {
      for (const statement of purges) statement.run(executionId);
    },
    close: () => database.close(),
  };
}
