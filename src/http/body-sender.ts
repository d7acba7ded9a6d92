import type { Writable } from "node:stream";
import type { FilePart, Pieces } from "./body.ts";

/** Who has a body sent. */
export interface SenderOwner {
  /** So many bytes more were given to the stream. */
  gave(bytes: number): void;
  /** The kernel has all of it. */
  sent(): void;
  /** A file cannot be read as it should. */
  unreadable(problem: string): void;
}

const chunkSize = 65_536;

/**
 * Sends the pieces of a body, the next chunk when the one before is with the kernel: whatever the size of the files, one
 * chunk is in memory. A stream that breaks ends it silently: its owner hears of that from the stream.
 */
export class BodySender {
  readonly #pieces: Pieces;
  readonly #stream: Writable;
  readonly #owner: SenderOwner;
  #stopped = false;

  constructor(pieces: Pieces, stream: Writable, owner: SenderOwner) {
    this.#pieces = pieces;
    this.#stream = stream;
    this.#owner = owner;
  }

  start(): void {
    void this.#run();
  }

  /** Nothing more is sent, and the owner hears nothing more; idempotent. */
  stop(): void {
    this.#stopped = true;
  }

  async #run(): Promise<void> {
    for (const part of this.#pieces.parts) {
      if (Buffer.isBuffer(part)) await this.#give(part);
      else await this.#giveFile(part);
      if (this.#stopped) return;
    }
    this.#owner.sent();
  }

  async #giveFile(file: FilePart): Promise<void> {
    const buffer = Buffer.allocUnsafe(Math.min(chunkSize, file.size));
    for (let at = 0; at < file.size && !this.#stopped; ) {
      const count = await this.#read(file, buffer, at);
      if (count === 0 || this.#stopped) return;
      await this.#give(buffer.subarray(0, count));
      at += count;
    }
  }

  /** 0: it could not, and the owner knows. */
  async #read(file: FilePart, buffer: Buffer, at: number): Promise<number> {
    let why = `it is shorter than its ${file.size} bytes at the start`;
    try {
      const count = await file.read(buffer, Math.min(buffer.length, file.size - at), at);
      if (count > 0) return count;
    } catch (error) {
      why = error instanceof Error ? error.message : String(error);
    }
    if (!this.#stopped) {
      this.#stopped = true;
      this.#owner.unreadable(`file \`${file.name}\` cannot be sent: ${why}`);
    }
    return 0;
  }

  #give(bytes: Buffer): Promise<void> {
    return new Promise((resolve) => {
      this.#stream.write(bytes, (error) => {
        if (error) this.#stopped = true;
        resolve();
      });
      this.#owner.gave(bytes.length);
    });
  }
}
