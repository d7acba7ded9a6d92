import type { WebSocket } from "ws";
import { DriverFailure } from "../../driver/call-driver.ts";
import { Mailbox } from "../../driver/mailbox.ts";
import type { VuConnection } from "../../driver/vu-connections.ts";
import { codeOfBreak } from "../../http/codes.ts";
import type { Clock } from "../../protocol/ports.ts";
import type { WebSocketConfig } from "./websocket-config.ts";
import { WebSocketMessage } from "./websocket-message.ts";

/** What a connection tells the series of the step that opened it. */
export interface WebSocketEvents {
  received(bytes: number): void;
  dropped(): void;
  /** Once; ms since the upgrade. */
  ended(lifetime: number): void;
}

/** How a connection was closed by its peer. */
export interface CloseAnswer {
  /** 1006: it went without a close frame; 1005: it named no code. */
  readonly code: number;
  readonly reason: string;
}

/** How long a peer has to answer the close at the VU's end, ms. */
const closePatienceMs = 1_000;

/** A WebSocket of one VU. What it sends is in `mailbox` from the first message on. */
export class WebSocketConnection implements VuConnection {
  readonly mailbox: Mailbox<WebSocketMessage>;
  /** Resolves when the socket is gone. */
  readonly closed: Promise<CloseAnswer>;
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #events: WebSocketEvents;
  readonly #pings = new Map<string, { resolve(): void; reject(error: DriverFailure): void }>();
  #openedAt = 0;
  #isEnding = false;
  #failure: DriverFailure | null = null;

  /** `socket` has not been upgraded yet. */
  constructor(socket: WebSocket, config: WebSocketConfig, clock: Clock, events: WebSocketEvents) {
    const { maxBytes, maxMessages } = config;
    this.#socket = socket;
    this.#clock = clock;
    this.#events = events;
    this.mailbox = new Mailbox(maxMessages, maxBytes, events.dropped);
    socket.on("open", () => {
      this.#openedAt = clock.now();
    });
    socket.on("message", (data, isBinary) => {
      const message = new WebSocketMessage(data as Buffer, isBinary);
      events.received(message.bytes);
      this.mailbox.put(message);
    });
    socket.on("pong", (payload) => {
      this.#pings.get(payload.toString())?.resolve();
      this.forgetPing(payload.toString());
    });
    socket.on("error", (error) => {
      this.#failure ??= describeBreak(error, maxBytes);
    });
    this.closed = new Promise((resolve) => {
      socket.on("close", (code, given) => {
        this.#end();
        const reason = given.toString("utf8");
        const said = reason === "" ? "" : ` (${reason})`;
        const how = code === 1006 ? "the connection ended without a close" : `the server closed with ${code}${said}`;
        const failure = this.#failure ?? new DriverFailure("1000", how);
        this.mailbox.end(failure);
        for (const { reject } of this.#pings.values()) reject(failure);
        this.#pings.clear();
        resolve({ code, reason });
      });
    });
  }

  /** What came before the end may still be taken. */
  get isOver(): boolean {
    return this.mailbox.isOver;
  }

  get canSend(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** Does something that was sent still wait for the kernel? */
  get isBacklogged(): boolean {
    return this.#socket.bufferedAmount > 0;
  }

  /** Sends on a connection that can; what goes wrong ends the mailbox. */
  post(data: string | Buffer): void {
    this.#socket.send(data);
  }

  /** Resolves when the kernel has the message. Rejects with a DriverFailure. */
  send(data: string | Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(data, (error) => {
        if (error === undefined || error === null) resolve();
        else
          reject(this.#failure ?? new DriverFailure(String(codeOfBreak(error)), `nothing was sent: ${error.message}`));
      });
    });
  }

  /** Resolves with the pong; rejects with a DriverFailure when the connection ends first. `payload` is no other's. */
  ping(payload: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pings.set(payload, { resolve, reject });
      this.#socket.ping(payload, undefined, (error) => {
        if (error === undefined || error === null) return;
        this.forgetPing(payload);
        reject(this.#failure ?? new DriverFailure(String(codeOfBreak(error)), `no ping was sent: ${error.message}`));
      });
    });
  }

  /** Nobody waits for this pong any more. */
  forgetPing(payload: string): void {
    this.#pings.delete(payload);
  }

  /** Says goodbye; resolves with the answer. */
  closeWith(code: number, reason: string): Promise<CloseAnswer> {
    this.#end();
    this.#socket.close(code, reason);
    return this.closed;
  }

  /** Says goodbye, and ends the socket where no answer comes in a second. */
  close(): void {
    if (this.#isEnding) return;
    void this.closeWith(1000, "");
    const alarm = this.#clock.at(this.#clock.now() + closePatienceMs, () => this.#socket.terminate());
    void this.closed.then(() => alarm.cancel());
  }

  /** Ends the socket at once. */
  destroy(): void {
    this.#end();
    this.#socket.terminate();
  }

  /** What goes on at the end of a run is measured before the socket is gone. */
  #end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    if (this.#openedAt > 0) this.#events.ended(this.#clock.now() - this.#openedAt);
  }
}

function describeBreak(error: NodeJS.ErrnoException, maxBytes: number): DriverFailure {
  if (error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH")
    return new DriverFailure("1000", `a message is longer than ${maxBytes} bytes; raise max_bytes`);
  if (error.code?.startsWith("WS_ERR_") === true)
    return new DriverFailure("1000", `the server does not speak WebSocket as it should: ${error.message}`);
  return new DriverFailure(String(codeOfBreak(error)), `the connection broke: ${error.code ?? error.message}`);
}
