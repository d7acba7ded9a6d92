import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/** A file that grows by whole pieces. */
export interface GrowingFile {
  readonly size: number;
  /** All of it, or it throws and the next piece begins where this one did; of a pipe: the same piece goes on. */
  append(body: Uint8Array, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** A pipe that is full is tried again after so long. */
const fullMs = 20;

/** Opens it for writing: empty, or with its first `keep` bytes. */
export async function openGrowingFile(path: string, keep: number | null): Promise<GrowingFile> {
  const handle = await openAt(path, keep);
  const isRegular = (await handle.stat()).isFile();
  let size = keep ?? 0;
  /** What a pipe or a device has of a piece that failed: it cannot be taken back. */
  let begun: { readonly body: Uint8Array; readonly written: number } | null = null;
  return {
    get size() {
      return size;
    },
    async append(body, signal) {
      let written = begun?.body === body ? begun.written : 0;
      while (written < body.length) {
        // A device has no places.
        const place = isRegular ? size + written : null;
        written += await writeSome(handle, body.subarray(written), place, signal);
        begun = isRegular ? null : { body, written };
      }
      begun = null;
      size += body.length;
    },
    close: () => handle.close(),
  };
}

async function writeSome(
  handle: FileHandle,
  rest: Uint8Array,
  place: number | null,
  signal: AbortSignal,
): Promise<number> {
  try {
    return (await handle.write(rest, 0, rest.length, place)).bytesWritten;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    await delay(fullMs, undefined, { signal });
    return 0;
  }
}

async function openAt(path: string, keep: number | null): Promise<FileHandle> {
  if (keep === null) return open(path, (await isPipe(path)) ? pipeFlags : "w", 0o644);
  const handle = await open(path, "r+");
  await handle.truncate(keep);
  return handle;
}

/** A reader that stands still, or is not there, would hold a thread of the process, and its end, for good. */
const pipeFlags = constants.O_WRONLY | constants.O_NONBLOCK;

async function isPipe(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found?.isFIFO() === true;
}
