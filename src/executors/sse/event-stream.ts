import type { ClientRequest, IncomingMessage } from "node:http";
import { DriverFailure } from "../../driver/call-driver.ts";
import { Mailbox } from "../../driver/mailbox.ts";
import type { VuConnection } from "../../driver/vu-connections.ts";
import { codeOfBreak } from "../../http/codes.ts";
import type { Clock } from "../../protocol/ports.ts";
import { EventParser, type ServerEvent } from "./event-parser.ts";
import type { SseConfig } from "./sse-config.ts";

/** What a stream tells the series of the step that opened it. Times in ms. */
export interface StreamEvents {
  received(bytes: number): void;
  event(): void;
  dropped(): void;
  /** Once at most. */
  firstEvent(sinceRequest: number): void;
  /** Once. */
  ended(lifetime: number): void;
}

/** An open event stream of one VU. */
export class EventStream implements VuConnection {
  readonly mailbox: Mailbox<ServerEvent>;
  /** Resolves when the socket is gone. */
  readonly closed: Promise<void>;
  readonly #request: ClientRequest;
  readonly #parser: EventParser;
  readonly #clock: Clock;
  readonly #openedAt: number;
  readonly #events: StreamEvents;
  #hasEnded = false;

  /** `askedAt`: when the step began to connect, as `clock.now()`; `lastEventId`: what it asked for, empty: nothing. */
  constructor(
    request: ClientRequest,
    response: IncomingMessage,
    { maxBytes, maxEvents }: SseConfig,
    clock: Clock,
    { askedAt, lastEventId }: { readonly askedAt: number; readonly lastEventId: string },
    events: StreamEvents,
  ) {
    this.#request = request;
    this.#clock = clock;
    this.#openedAt = clock.now();
    this.#events = events;
    this.mailbox = new Mailbox(maxEvents, maxBytes, events.dropped);
    let isFirst = true;
    const take = (event: ServerEvent) => {
      if (isFirst) events.firstEvent(clock.now() - askedAt);
      isFirst = false;
      events.event();
      this.mailbox.put(event);
    };
    this.#parser = new EventParser(maxBytes, take, lastEventId);
    response.on("data", (chunk: Buffer) => {
      events.received(chunk.length);
      if (this.#hasEnded || this.#parser.feed(chunk)) return;
      this.#fail(new DriverFailure("1000", `an event is longer than ${maxBytes} bytes; raise max_bytes`));
    });
    response.on("end", () => this.#fail(null));
    const breakOff = (error: NodeJS.ErrnoException) =>
      this.#fail(new DriverFailure(String(codeOfBreak(error)), `the stream broke: ${error.code ?? error.message}`));
    response.on("error", breakOff);
    // Told behind the error, if there is one.
    response.on("close", () => {
      if (!this.#hasEnded) this.#fail(new DriverFailure("1000", "the connection ended"));
    });
    request.on("error", breakOff);
    this.closed = new Promise((resolve) => {
      request.once("close", resolve);
    });
  }

  /** What came before the end may still be taken. */
  get isOver(): boolean {
    return this.mailbox.isOver;
  }

  /** The id of the latest event that had one; empty: none. */
  get lastEventId(): string {
    return this.#parser.lastEventId;
  }

  close(): void {
    if (!this.#hasEnded) this.#fail(new DriverFailure("1000", "the stream was closed"));
  }

  #fail(failure: DriverFailure | null): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#events.ended(this.#clock.now() - this.#openedAt);
    this.mailbox.end(failure);
    this.#request.destroy();
  }
}
