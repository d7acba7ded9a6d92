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
const colon = 0x3a;

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
      if (this.#line === "") this.#readLine(text, start, end);
      else {
        const line = this.#line + text.slice(start, end);
        this.#line = "";
        this.#readLine(line, 0, line.length);
      }
      if (this.#length > this.#maxLength) return false;
      start = end === cr && lf === cr + 1 ? end + 2 : end + 1;
      // Each is looked for again only when it is behind: a stream with one kind of line ends is read once.
      if (cr >= 0 && cr < start) cr = text.indexOf("\r", start);
      if (lf >= 0 && lf < start) lf = text.indexOf("\n", start);
    }
    this.#line += text.slice(start);
    return this.#length + this.#line.length <= this.#maxLength;
  }

  /** A line of `text`: it is cut out only where it is kept. */
  #readLine(text: string, start: number, end: number): void {
    if (start === end) {
      this.#dispatch();
    } else if (text.startsWith("data", start)) {
      const value = readValue(text, start + 4, end);
      if (value === null) return;
      this.#data = this.#data === null ? value : `${this.#data}\n${value}`;
      this.#length += value.length + 1;
    } else if (text.startsWith("event", start)) {
      this.#event = readValue(text, start + 5, end) ?? this.#event;
    } else if (text.startsWith("id", start)) {
      const value = readValue(text, start + 2, end);
      if (value !== null && !value.includes("\0")) this.#id = value;
    }
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

/** What stands behind a field's name, which ends at `from`; null: the name is a longer one. */
function readValue(text: string, from: number, end: number): string | null {
  if (from === end) return "";
  if (text.charCodeAt(from) !== colon) return null;
  return text.slice(text.charCodeAt(from + 1) === space && from + 1 < end ? from + 2 : from + 1, end);
}
