import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { EngineError } from "../errors.ts";
import { showBytes } from "../report/text/people.ts";
import type { ConnectionOptions } from "./connection-options.ts";
import { explainWriteError } from "./explain-write-error.ts";
import { askMaster } from "./find-master.ts";
import type { Terminal } from "./terminal.ts";

export interface MasterBackupOptions extends ConnectionOptions {
  readonly out: string;
  readonly address?: string;
  readonly json?: boolean;
}

/** `master backup`: writes a copy of the master's store into a file, whole or not at all; gives the exit code. */
export function masterBackupCommand({ out, ...options }: MasterBackupOptions, terminal: Terminal): Promise<number> {
  const path = resolve(out);
  const part = `${path}.${randomBytes(4).toString("hex")}.part`;
  return askMaster(
    { ...options, master: options.address },
    terminal,
    async (client) => {
      try {
        await write(path, async () => {
          // What keeps it from being looked at also keeps the part beside it from being opened, which tells why.
          const found = await stat(path).catch(() => null);
          if (found !== null && !found.isFile()) throw new Error("it is no file");
          await (await open(part, "wx", 0o600)).close();
        });
        await client.backUp((copy) => receive(copy, part, path));
        await write(path, () => rename(part, path));
      } finally {
        await rm(part, { force: true });
      }
      const { size } = await stat(path);
      return { file: path, size };
    },
    ({ file, size }) => `${file}: ${showBytes(size)}\n`,
  );
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
