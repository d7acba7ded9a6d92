import { StringDecoder } from "node:string_decoder";

/** An event of a stream. */
export interface ServerEvent {
  /** `message` where the server named none. */
  readonly event: string;
  readonly data: string;
  /** The id that holds at this event; empty: none. */
  readonly id: string;
}

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
  #data: string[] = [];
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
    if (text !== "") this.#endsWithCr = text.endsWith("\r");
    const end = /\r\n|\r|\n/g;
    end.lastIndex = start;
    for (let found = end.exec(text); found !== null; found = end.exec(text)) {
      this.#readLine(this.#line + text.slice(start, found.index));
      this.#line = "";
      if (this.#length > this.#maxLength) return false;
      start = end.lastIndex;
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
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (name === "data") {
      this.#data.push(value);
      this.#length += value.length + 1;
    } else if (name === "event") this.#event = value;
    else if (name === "id" && !value.includes("\0")) this.#id = value;
  }

  #dispatch(): void {
    if (this.#data.length > 0) {
      const event = this.#event === "" ? "message" : this.#event;
      this.#onEvent({ event, data: this.#data.join("\n"), id: this.#id });
    }
    this.#lastId = this.#id;
    this.#data = [];
    this.#length = 0;
    this.#event = "";
  }
}
