import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { Store } from "../store/store.ts";

/** A copy of the store; it is gone once it was read, or left. */
export interface BackupCopy {
  /** Bytes. */
  readonly size: number;
  open(): Readable;
}

/**
 * Copies the store while it is used. Throws EngineError `conflict` where the store has no file, or is being copied;
 * `internal_error` where the disk has no room.
 */
export type BackUp = () => Promise<BackupCopy>;

/** Copies go through the data folder, which needs room for one; what an earlier process has left there is removed. */
export function createBackUp(store: Pick<Store, "backup">, dataDir: string): BackUp {
  const folder = join(dataDir, "backups");
  rmSync(folder, { recursive: true, force: true });
  return async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, `${randomUUID()}.db`);
    let file: FileHandle | null = null;
    try {
      // For nobody else's eyes, from the first byte on.
      file = await open(path, "wx+", 0o600);
      await store.backup(path);
      const { size } = await file.stat();
      const copy = file;
      return { size, open: () => copy.createReadStream({ start: 0 }) };
    } catch (error) {
      await file?.close();
      throw error;
    } finally {
      // It is read by what is open: nothing is left behind, however this ends.
      await rm(path, { force: true });
      await rm(`${path}-journal`, { force: true });
    }
  };
}
