import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { schema, upgrades } from "./tables.ts";

/** Of the tables, and of what the blobs in them hold. */
const version = 5;

/**
 * Opens the file, makes its tables if need be, and locks it against every other process until closed or dead. Throws
 * where it is locked, is no database, or was written by another version.
 */
export function openDatabase(path: string): DatabaseSync {
  // For nobody else's eyes, and the files beside it take after it.
  closeSync(openSync(path, "a", 0o600));
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // Exclusive before WAL: the lock is then held from the first read on, and the operating system drops it at any death.
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    database.exec("PRAGMA journal_size_limit = 16777216; BEGIN IMMEDIATE");
    const found = Number(database.prepare("PRAGMA user_version").get()?.user_version);
    const isEmpty = database.prepare("SELECT 1 FROM sqlite_schema").get() === undefined;
    if (isEmpty) database.exec(`${schema}; PRAGMA user_version = ${version}`);
    else if (found !== version) upgrade(database, found);
    database.exec("COMMIT");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Inside the transaction that opened it: all steps or none. */
function upgrade(database: DatabaseSync, found: number): void {
  for (let at = found; at !== version; at++) {
    const step = upgrades.get(at);
    if (step === undefined) throw new Error(`its tables are of version ${found}, this engine's of version ${version}`);
    database.exec(step);
  }
  database.exec(`PRAGMA user_version = ${version}`);
}
