import { StringDecoder } from "node:string_decoder";

/** An event of a stream. */
export interface ServerEvent {
  /** `message` where the server named none. */
  readonly event: string;
  readonly data: string;
  /** The id that holds at this event; empty: none. */
  readonly id: string;
  /** The length of `data` in UTF-8. */
  readonly bytes: number;
}

const space = 0x20;

/**
 * Takes an event stream apart as the HTML standard says ("9.2.6 Interpreting an event stream"), but for `retry`, which is
 * ignored. An event or a line of more than `maxLength` characters makes `feed` return false: the stream is useless then.
 */
export class EventParser {
  readonly #decoder = new StringDecoder("utf8");
  readonly #maxLength: number;
  readonly #onEvent: (event: ServerEvent) => void;
  #isFirst = true;
  /** The pieces of a line whose end has not come. */
  #line = "";
  /** The last character was a CR: a LF that follows belongs to it. */
  #endsWithCr = false;
  /** null: the event has none yet. */
  #data: string | null = null;
  #length = 0;
  #event = "";
  #id: string;
  #lastId: string;

  /** `id`: the one that holds until the server gives another. */
  constructor(maxLength: number, onEvent: (event: ServerEvent) => void, id = "") {
    this.#id = id;
    this.#lastId = id;
    this.#maxLength = maxLength;
    this.#onEvent = onEvent;
  }

  /** The id that holds after the latest whole event; empty: none. */
  get lastEventId(): string {
    return this.#lastId;
  }

  feed(bytes: Buffer): boolean {
    let text = this.#decoder.write(bytes);
    if (text === "") return true;
    if (this.#isFirst) {
      this.#isFirst = false;
      if (text.startsWith("\uFEFF")) text = text.slice(1);
    }
    let start = this.#endsWithCr && text.startsWith("\n") ? 1 : 0;
    this.#endsWithCr = text.endsWith("\r");
    let cr = text.indexOf("\r", start);
    let lf = text.indexOf("\n", start);
    while (cr >= 0 || lf >= 0) {
      const end = cr < 0 || (lf >= 0 && lf < cr) ? lf : cr;
      const rest = text.slice(start, end);
      this.#readLine(this.#line === "" ? rest : this.#line + rest);
      this.#line = "";
      if (this.#length > this.#maxLength) return false;
      start = end === cr && lf === cr + 1 ? end + 2 : end + 1;
      // Each is looked for again only when it is behind: a stream with one kind of line ends is read once.
      if (cr >= 0 && cr < start) cr = text.indexOf("\r", start);
      if (lf >= 0 && lf < start) lf = text.indexOf("\n", start);
    }
    this.#line += text.slice(start);
    return this.#length + this.#line.length <= this.#maxLength;
  }

  #readLine(line: string): void {
    if (line === "") {
      this.#dispatch();
      return;
    }
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line.charCodeAt(colon + 1) === space ? colon + 2 : colon + 1);
    if (name === "data") {
      this.#data = this.#data === null ? value : `${this.#data}\n${value}`;
      this.#length += value.length + 1;
    } else if (name === "event") this.#event = value;
    else if (name === "id" && !value.includes("\0")) this.#id = value;
  }

  #dispatch(): void {
    const data = this.#data;
    if (data !== null) {
      const event = this.#event === "" ? "message" : this.#event;
      this.#onEvent({ event, data, id: this.#id, bytes: Buffer.byteLength(data) });
    }
    this.#lastId = this.#id;
    this.#data = null;
    this.#length = 0;
    this.#event = "";
  }
}
