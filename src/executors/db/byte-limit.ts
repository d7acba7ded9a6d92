import type { Duplex } from "node:stream";
import type { RowSink } from "./row-sink.ts";

/** Watches what comes on a connection while a statement runs: memory holds no more of a result than its sink has room for. */
export class ByteLimit {
  #sink: RowSink | null = null;
  #bytes = 0;

  /** `onOver`: the running statement's result is too long. */
  constructor(stream: Duplex, onOver: () => void) {
    stream.on("data", (chunk: Buffer) => {
      if (this.#sink === null) return;
      this.#bytes += chunk.length;
      if (!this.#sink.hasRoomFor(this.#bytes)) onOver();
    });
  }

  start(sink: RowSink): void {
    this.#sink = sink;
    this.#bytes = 0;
  }

  stop(): void {
    this.#sink = null;
  }
}
