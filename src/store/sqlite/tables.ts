import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import type { IndexQuery, IndexRow, Position, Receipt, Source } from "../store.ts";
import type { SqliteOperations } from "./message.ts";

/**
 * The tables. A change of them needs another `version` in `open-database.ts`.
 *
 * | table | row |
 * | --- | --- |
 * | execution | the highest token given out, the checkpoint and its token |
 * | source | number of the last frame, and of the last one that is in the snapshot |
 * | frame | one frame that is in no snapshot |
 * | snapshot | the merged state and its token |
 * | document | one document |
 * | listing | a row of the list of executions |
 * | receipt | a request that must not be done twice |
 * | slave | a slave that has been seen |
 */
const receipts = `
  CREATE TABLE receipt (
    name TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, execution TEXT NOT NULL, expires_at INTEGER NOT NULL,
    status INTEGER, body TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX receipt_by_time ON receipt (expires_at);
`;

/** Those of before have no caller: they are nobody's, and expire within a day. */
const callers = `
  ALTER TABLE receipt ADD COLUMN caller TEXT NOT NULL DEFAULT '';
  CREATE INDEX receipt_by_caller ON receipt (caller);
`;

const slaves = `
  CREATE TABLE slave (id TEXT PRIMARY KEY, last_seen INTEGER NOT NULL, known BLOB NOT NULL) STRICT;
  CREATE INDEX slave_by_time ON slave (last_seen);
`;

/** What makes the tables of an older version into those of the next. */
export const upgrades: ReadonlyMap<number, string> = new Map([
  [2, receipts],
  [3, slaves],
  [4, callers],
]);

export const schema = `
  CREATE TABLE execution (id TEXT PRIMARY KEY, token INTEGER NOT NULL, written INTEGER, state BLOB) STRICT;
  CREATE TABLE source (
    execution TEXT, slave TEXT, incarnation INTEGER, high INTEGER NOT NULL, trimmed INTEGER NOT NULL,
    PRIMARY KEY (execution, slave, incarnation)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE frame (
    execution TEXT, slave TEXT, incarnation INTEGER, number INTEGER, body BLOB NOT NULL,
    PRIMARY KEY (execution, slave, incarnation, number)
  ) STRICT;
  CREATE TABLE snapshot (execution TEXT PRIMARY KEY, token INTEGER NOT NULL, packed BLOB NOT NULL) STRICT;
  CREATE TABLE document (
    execution TEXT, name TEXT, body BLOB NOT NULL, PRIMARY KEY (execution, name)
  ) STRICT;
  CREATE TABLE listing (
    place INTEGER PRIMARY KEY, execution TEXT NOT NULL UNIQUE, workflow TEXT NOT NULL, workflow_name TEXT NOT NULL,
    status TEXT NOT NULL, created_at INTEGER NOT NULL, ended_at INTEGER
  ) STRICT;
  CREATE INDEX listing_by_time ON listing (created_at, place);
  ${receipts}
  ${callers}
  ${slaves}
`;

const matching = "(? IS NULL OR status = ?) AND (? IS NULL OR workflow = ?) AND (? IS NULL OR ended_at < ?)";

/** The store's operations over its tables, inside a transaction that the caller opens and commits. */
export function prepareOperations(database: DatabaseSync): SqliteOperations {
  const prepare = (text: string) => database.prepare(text);
  const acquire = prepare(`
    INSERT INTO execution (id, token) VALUES (?, max(1, ?))
    ON CONFLICT (id) DO UPDATE SET token = max(token + 1, excluded.token) RETURNING token`);
  const addExecution = prepare("INSERT OR IGNORE INTO execution (id, token) VALUES (?, 0)");
  const readToken = prepare("SELECT token FROM execution WHERE id = ?");
  const writeState = prepare("UPDATE execution SET written = ?, state = ? WHERE id = ? AND token <= ?");
  const readState = prepare("SELECT written, state FROM execution WHERE id = ? AND state IS NOT NULL");
  const readSource = prepare("SELECT high, trimmed FROM source WHERE execution = ? AND slave = ? AND incarnation = ?");
  const writeSource = prepare("INSERT OR REPLACE INTO source VALUES (?, ?, ?, ?, ?)");
  const readTrimmed = prepare("SELECT slave, incarnation, trimmed FROM source WHERE execution = ? AND trimmed > 0");
  const addFrame = prepare("INSERT INTO frame VALUES (?, ?, ?, ?, ?)");
  const readFrames = prepare(
    "SELECT slave, incarnation, body FROM frame WHERE execution = ? ORDER BY slave, incarnation, number",
  );
  const trimFrames = prepare("DELETE FROM frame WHERE execution = ? AND slave = ? AND incarnation = ? AND number <= ?");
  const writeSnapshot = prepare("INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?)");
  const readSnapshot = prepare("SELECT token, packed FROM snapshot WHERE execution = ?");
  const listExecutions = prepare("SELECT id FROM execution WHERE state IS NOT NULL ORDER BY id");
  const putDocument = prepare("INSERT OR REPLACE INTO document VALUES (?, ?, ?)");
  const getDocument = prepare("SELECT body FROM document WHERE execution = ? AND name = ?");
  const putListing = prepare(`
    INSERT INTO listing (execution, workflow, workflow_name, status, created_at, ended_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (execution) DO UPDATE SET workflow = excluded.workflow, workflow_name = excluded.workflow_name,
      status = excluded.status, created_at = excluded.created_at, ended_at = excluded.ended_at`);
  const countListing = prepare(`SELECT count(*) AS total FROM listing WHERE ${matching}`);
  const pageListing = prepare(
    `SELECT * FROM listing WHERE ${matching} ORDER BY created_at DESC, place DESC LIMIT ? OFFSET ?`,
  );
  const expireReceipts = prepare("DELETE FROM receipt WHERE expires_at <= ?");
  const findReceipt = prepare("SELECT * FROM receipt WHERE name = ?");
  const countReceipts = prepare("SELECT count(*) AS total FROM receipt");
  const countOwnReceipts = prepare("SELECT count(*) AS total FROM receipt WHERE caller = ?");
  const addReceipt = prepare(
    "INSERT INTO receipt (name, fingerprint, execution, expires_at, caller) VALUES (?, ?, ?, ?, ?)",
  );
  const answerReceipt = prepare("UPDATE receipt SET status = ?, body = ? WHERE name = ?");
  const dropReceipt = prepare("DELETE FROM receipt WHERE name = ?");
  const putSlave = prepare("INSERT OR REPLACE INTO slave VALUES (?, ?, ?)");
  const forgetSlaves = prepare(`
    DELETE FROM slave WHERE last_seen < ?
      OR id IN (SELECT id FROM slave ORDER BY last_seen DESC, rowid DESC LIMIT -1 OFFSET ?)`);
  const listSlaves = prepare("SELECT * FROM slave ORDER BY id");
  const purges = [
    "execution WHERE id",
    ...["source", "frame", "snapshot", "document", "listing"].map((table) => `${table} WHERE execution`),
  ].map((what) => prepare(`DELETE FROM ${what} = ?`));

  const sourceOf = ({ executionId, slaveId, incarnation }: Source) => {
    const row = readSource.get(executionId, slaveId, incarnation);
    return { high: Number(row?.high ?? 0), trimmed: Number(row?.trimmed ?? 0) };
  };
  const listTrimmed = (executionId: string): Position[] =>
    readTrimmed.all(executionId).map((row) => [toSource(executionId, row), Number(row.trimmed)]);

  return {
    acquire: (executionId, least) => Number(acquire.get(executionId, least)?.token),
    writeCheckpoint(executionId, token, state) {
      addExecution.run(executionId);
      return Number(writeState.run(token, state, executionId, token).changes) > 0;
    },
    readCheckpoint(executionId) {
      const row = readState.get(executionId);
      return row === undefined ? null : { token: Number(row.written), state: toBytes(row.state) };
    },
    appendFrame(source, before, number, frame, report) {
      const { executionId, slaveId, incarnation } = source;
      const { high, trimmed } = sourceOf(source);
      if (number <= high) return { outcome: "duplicate", high };
      if (before !== high) return { outcome: "gap", high };
      addFrame.run(executionId, slaveId, incarnation, number, frame);
      writeSource.run(executionId, slaveId, incarnation, number, trimmed);
      if (report !== null) putDocument.run(executionId, "report", report);
      return { outcome: "appended", high: number };
    },
    readFrames: (executionId) =>
      readFrames.all(executionId).map((row) => ({ source: toSource(executionId, row), frame: toBytes(row.body) })),
    writeSnapshot(executionId, token, packed, positions) {
      if (token < Number(readToken.get(executionId)?.token ?? 0)) return false;
      const name = ({ slaveId, incarnation }: Source) => `${slaveId}#${incarnation}`;
      const next = new Map(positions.map(([source, high]) => [name(source), high]));
      if (listTrimmed(executionId).some(([source, trimmed]) => (next.get(name(source)) ?? 0) < trimmed)) return false;
      addExecution.run(executionId);
      writeSnapshot.run(executionId, token, packed);
      for (const [source, through] of positions) {
        const { slaveId, incarnation } = source;
        trimFrames.run(executionId, slaveId, incarnation, through);
        writeSource.run(executionId, slaveId, incarnation, Math.max(sourceOf(source).high, through), through);
      }
      return true;
    },
    readSnapshot(executionId) {
      const row = readSnapshot.get(executionId);
      if (row === undefined) return null;
      return { token: Number(row.token), packed: toBytes(row.packed), positions: listTrimmed(executionId) };
    },
    listExecutions: () => listExecutions.all().map(({ id }) => String(id)),
    putDocument(executionId, name, value) {
      putDocument.run(executionId, name, value);
    },
    getDocument(executionId, name) {
      const row = getDocument.get(executionId, name);
      return row === undefined ? null : toBytes(row.body);
    },
    putIndex({ executionId, workflowId, workflowName, status, createdAt, endedAt }) {
      putListing.run(executionId, workflowId, workflowName, status, createdAt, endedAt);
    },
    listIndex(query) {
      const filter = listFilter(query);
      const total = Number(countListing.get(...filter)?.total);
      return { rows: pageListing.all(...filter, query.limit, query.offset).map(toIndexRow), total };
    },
    purge: (executionId) => {
      for (const statement of purges) statement.run(executionId);
    },
    claimReceipt(receipt, now, { most, mostOfCaller }) {
      expireReceipts.run(now);
      const kept = findReceipt.get(receipt.name);
      if (kept !== undefined) return toReceipt(kept);
      if (Number(countReceipts.get()?.total) >= most) return null;
      const { name, caller, fingerprint, executionId, expiresAt } = receipt;
      if (Number(countOwnReceipts.get(caller)?.total) >= mostOfCaller) return null;
      addReceipt.run(name, fingerprint, executionId, expiresAt, caller);
      return receipt;
    },
    answerReceipt(name, { status, body }) {
      answerReceipt.run(status, body, name);
    },
    dropReceipt(name) {
      dropReceipt.run(name);
    },
    putSlave(slaveId, lastSeen, known, since, most) {
      putSlave.run(slaveId, lastSeen, known);
      forgetSlaves.run(since, most);
    },
    listSlaves: () =>
      listSlaves.all().map((row) => ({
        slaveId: String(row.id),
        lastSeen: Number(row.last_seen),
        known: toBytes(row.known),
      })),
  };
}

type Row = Record<string, SQLOutputValue>;

/** The values of `matching`, in its order. */
function listFilter({ status, workflowId, endedBefore }: IndexQuery): (string | number | null)[] {
  return [status, workflowId, endedBefore].flatMap((value) => [value ?? null, value ?? null]);
}

function toBytes(value: SQLOutputValue | undefined): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`the store holds ${String(value)} where bytes should be`);
}

function toSource(executionId: string, { slave, incarnation }: Row): Source {
  return { executionId, slaveId: String(slave), incarnation: Number(incarnation) };
}

function toReceipt({ name, caller, fingerprint, execution, expires_at, status, body }: Row): Receipt {
  return {
    name: String(name),
    caller: String(caller),
    fingerprint: String(fingerprint),
    executionId: String(execution),
    expiresAt: Number(expires_at),
    answer: status === null ? null : { status: Number(status), body: String(body) },
  };
}

function toIndexRow(row: Row): IndexRow {
  return {
    executionId: String(row.execution),
    workflowId: String(row.workflow),
    workflowName: String(row.workflow_name),
    status: String(row.status),
    createdAt: Number(row.created_at),
    endedAt: row.ended_at === null ? null : Number(row.ended_at),
  };
}
