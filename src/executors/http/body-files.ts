import { type FileHandle, open } from "node:fs/promises";
import { EngineError } from "../../errors.ts";
import type { FilePart } from "../../http/body.ts";
import type { FilePaths } from "../../protocol/named-file.ts";

/** Files up to this size are kept once per thread; larger ones are read whenever they are sent. */
const largestKept = 256 * 1024;

/** A file that bodies are made of. Nothing is known of it before `open`. */
export class BodyFile implements FilePart {
  readonly name: string;
  readonly #path: string;
  #size = 0;
  #kept: Buffer | null = null;
  #handle: FileHandle | null = null;

  constructor(name: string, path: string) {
    this.name = name;
    this.#path = path;
  }

  get size(): number {
    return this.#size;
  }

  /** What a body holds: its bytes where they are kept, else the file. */
  get part(): Buffer | FilePart {
    return this.#kept ?? this;
  }

  /** Idempotent. Rejects where it is no file that can be read. */
  async open(): Promise<void> {
    if (this.#handle !== null || this.#kept !== null) return;
    const handle = await open(this.#path, "r");
    this.#handle = handle;
    const about = await handle.stat();
    if (!about.isFile()) throw new Error("it is no file");
    this.#size = about.size;
    if (about.size > largestKept) return;
    this.#kept = await handle.readFile();
    this.#size = this.#kept.length;
    await this.close();
  }

  async read(buffer: Buffer, length: number, position: number): Promise<number> {
    if (this.#handle === null) throw new Error("it is closed");
    const { bytesRead } = await this.#handle.read(buffer, 0, length, position);
    return bytesRead;
  }

  /** Idempotent; waits for reads that are under way. */
  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }
}

/** The files that bodies of a thread are made of, each open once for all its VUs. */
export class BodyFiles {
  readonly #paths: FilePaths;
  readonly #files = new Map<string, BodyFile>();

  constructor(paths: FilePaths) {
    this.#paths = paths;
  }

  /** Throws EngineError `unreadable_file` for a name that did not come with the workflow. */
  use(name: string): BodyFile {
    const known = this.#files.get(name);
    if (known !== undefined) return known;
    const path = this.#paths.get(name);
    if (path === undefined) throw unreadable(name, "it did not come with the workflow");
    const file = new BodyFile(name, path);
    this.#files.set(name, file);
    return file;
  }

  /** After they were named. Rejects with EngineError `unreadable_file`. */
  async open(): Promise<void> {
    for (const file of this.#files.values()) {
      try {
        await file.open();
      } catch (error) {
        throw unreadable(file.name, error instanceof Error ? error.message : String(error));
      }
    }
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) await file.close();
  }
}

function unreadable(name: string, why: string): EngineError {
  return new EngineError("unreadable_file", `\`${name}\` cannot be sent: ${why}`);
}
