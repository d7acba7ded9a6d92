import type { Received } from "../../driver/mailbox.ts";
import type { ShownMessage } from "../../driver/received-messages.ts";
import type { BytesEncoding } from "../../protocol/encoded-bytes.ts";

/** A message that came over a WebSocket. */
export class WebSocketMessage implements Received {
  readonly #data: Buffer;
  readonly #isBinary: boolean;
  #text: string | null = null;

  constructor(data: Buffer, isBinary: boolean) {
    this.#data = data;
    this.#isBinary = isBinary;
  }

  get bytes(): number {
    return this.#data.length;
  }

  /** A text as it is, a binary message in `encoding`. */
  text(encoding: BytesEncoding): string {
    if (this.#isBinary && encoding !== "text") return this.#data.toString(encoding);
    return (this.#text ??= this.#data.toString("utf8"));
  }

  show(encoding: BytesEncoding): ShownMessage {
    return { text: () => this.text(encoding), about: () => ({ binary: this.#isBinary }) };
  }
}
