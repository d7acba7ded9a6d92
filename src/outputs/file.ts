import { type FileHandle, open } from "node:fs/promises";

/** A file that grows by whole pieces. */
export interface GrowingFile {
  readonly size: number;
  /** All of it, or it throws and the next piece begins where this one did. */
  append(body: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Opens it for writing: empty, or with its first `keep` bytes. */
export async function openGrowingFile(path: string, keep: number | null): Promise<GrowingFile> {
  const handle = await openAt(path, keep);
  const isRegular = (await handle.stat()).isFile();
  let size = keep ?? 0;
  return {
    get size() {
      return size;
    },
    async append(body) {
      let written = 0;
      while (written < body.length) {
        // A device has no places.
        const place = isRegular ? size + written : null;
        written += (await handle.write(body, written, body.length - written, place)).bytesWritten;
      }
      size += body.length;
    },
    close: () => handle.close(),
  };
}

async function openAt(path: string, keep: number | null): Promise<FileHandle> {
  if (keep === null) return open(path, "w", 0o644);
  const handle = await open(path, "r+");
  await handle.truncate(keep);
  return handle;
}
