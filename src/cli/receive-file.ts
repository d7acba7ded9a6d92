import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { EngineError } from "../errors.ts";
import { explainWriteError } from "./explain-write-error.ts";

/**
 * Writes what `ask` brings to a file, whole or not at all. Throws what `ask` throws, and EngineError `unwritable_output`.
 * `mode`: the permissions of the file.
 */
export async function receiveFile(
  path: string,
  mode: number,
  ask: (into: (copy: Readable) => Promise<void>) => Promise<void>,
): Promise<void> {
  const part = `${path}.${randomBytes(4).toString("hex")}.part`;
  try {
    await write(path, async () => {
      // What keeps it from being looked at also keeps the part beside it from being opened, which tells why.
      const found = await stat(path).catch(() => null);
      if (found !== null && !found.isFile()) throw new Error("it is no file");
      await (await open(part, "wx", mode)).close();
    });
    await ask((copy) => receive(copy, part, path));
    await write(path, () => rename(part, path));
  } finally {
    await rm(part, { force: true });
  }
}

/** What the connection has done is the client's to tell; what the disk has done is told here. */
async function receive(copy: Readable, part: string, path: string): Promise<void> {
  const file = createWriteStream(part, { flush: true });
  // Each is ended with the other's error.
  let failed: "copy" | "file" | null = null;
  copy.once("error", () => (failed ??= "copy"));
  file.once("error", () => (failed ??= "file"));
  try {
    await pipeline(copy, file);
  } catch (error) {
    throw failed === "file" ? unwritable(path, error) : error;
  }
}

async function write(path: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    throw unwritable(path, error);
  }
}

function unwritable(path: string, cause: unknown): EngineError {
  const message = `cannot write ${path}: ${explainWriteError(cause)}; choose another file`;
  return new EngineError("unwritable_output", message, { cause });
}
