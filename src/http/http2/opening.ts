import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { codes } from "../codes.ts";
import { DeadlineWatch } from "../deadline-watch.ts";
import { Dial, type DialListener } from "../dial.ts";
import { nameOrigin, type Origin, type Proxy } from "../exchange.ts";
import type { SourceAddress } from "../source-address.ts";
import type { Trust } from "../tls.ts";
import type { Wire } from "../wire.ts";
import type { StreamExchange } from "./stream-exchange.ts";

/** What exchanges of one session have in common. */
export interface SessionKey {
  readonly origin: Origin;
  readonly trust: Trust | null;
  readonly proxy: Proxy | null;
  /** Nothing but HTTP/2 will do. */
  readonly required: boolean;
}

/** Who waits for a connection. Each opening ends with one of these calls. */
export interface OpeningOwner {
  readonly source: SourceAddress | null;
  /** HTTP/2 is spoken on it. */
  opened(opening: Opening, socket: Socket, dial: Dial, now: number): void;
  /** The server chose HTTP/1.1. */
  fellBack(opening: Opening, socket: Socket, dial: Dial, now: number): void;
  /** There is none, and all who waited know it. */
  unopened(opening: Opening): void;
}

const only2: readonly string[] = ["h2"];
const either: readonly string[] = ["h2", "http/1.1"];

/** A connection on the way, and the exchanges that wait for it. */
export class Opening implements DialListener {
  readonly key: SessionKey;
  /** The first has the times of the dial, for the others they are waiting. */
  readonly waiting: StreamExchange[] = [];
  private readonly wire: Wire;
  private readonly owner: OpeningOwner;
  private readonly watch: DeadlineWatch;
  private readonly first: StreamExchange;
  private readonly dial: Dial;
  private over = false;

  constructor(wire: Wire, owner: OpeningOwner, key: SessionKey, first: StreamExchange, now: number) {
    this.wire = wire;
    this.owner = owner;
    this.key = key;
    this.first = first;
    this.watch = new DeadlineWatch(wire.clock, () => this.due());
    const protocols = key.required ? only2 : either;
    this.dial = new Dial(wire, first.request, key.trust, owner.source, protocols, this, now);
    this.add(first);
  }

  start(): void {
    this.dial.start();
  }

  add(stream: StreamExchange): void {
    this.waiting.push(stream);
    this.watch.by(stream.deadline);
  }

  interrupt(): void {
    const now = this.wire.clock.now();
    this.dial.stop(now);
    this.end(now, (stream) => stream.interrupt(now));
  }

  dialled(socket: Socket, dial: Dial, now: number): void {
    const { key, owner, wire } = this;
    if (!wire.permit.maySend(now)) {
      socket.destroy();
      this.end(now, (stream) => stream.interrupt(now));
      return;
    }
    const chosen = key.origin.secure ? (socket as TLSSocket).alpnProtocol : "h2";
    if (chosen !== "h2" && key.required) {
      socket.destroy();
      const message = `${nameOrigin(key.origin)} does not speak HTTP/2; write http_version: auto`;
      this.end(now, (stream) => stream.fail(codes.http2, message, now));
      return;
    }
    this.over = true;
    this.watch.stop();
    this.giveTimes();
    if (chosen === "h2") owner.opened(this, socket, dial, now);
    else owner.fellBack(this, socket, dial, now);
  }

  undialled(code: number, message: string, _dial: Dial, now: number): void {
    // A server that was offered nothing else ends the handshake.
    const unspoken = this.key.required && code === codes.tls && /no.application.protocol/i.test(message);
    const name = nameOrigin(this.key.origin);
    const why = unspoken ? `${name} does not speak HTTP/2; write http_version: auto` : message;
    this.end(now, (stream) => {
      stream.exchange.counted = true;
      stream.fail(unspoken ? codes.http2 : code, why, now);
    });
  }

  forbidden(_dial: Dial, now: number): void {
    this.end(now, (stream) => stream.interrupt(now));
  }

  connected(socket: Socket): void {
    this.dial.tcpConnected(socket);
  }

  secured(socket: TLSSocket): void {
    this.dial.tlsConnected(socket);
  }

  received(socket: Socket, count: number): void {
    this.dial.received(socket, count);
  }

  drained(): void {
    // Nothing is written before the connection is up but CONNECT.
  }

  ended(socket: Socket): void {
    this.dial.socketEnded(socket);
  }

  failed(socket: Socket, error: NodeJS.ErrnoException): void {
    this.dial.socketFailed(socket, error);
  }

  private due(): void {
    const now = this.wire.clock.now();
    const late = this.waiting.filter(({ deadline }) => deadline <= now);
    if (late.length === this.waiting.length) this.dial.stop(now);
    if (late.includes(this.first)) this.giveTimes();
    for (const stream of late) {
      this.waiting.splice(this.waiting.indexOf(stream), 1);
      stream.exchange.counted = true;
      stream.fail(codes.timeout, `no connection to ${nameOrigin(this.key.origin)} in time`, now);
    }
    for (const { deadline } of this.waiting) this.watch.by(deadline);
    if (this.waiting.length === 0) this.end(now, () => undefined);
  }

  private giveTimes(): void {
    if (this.waiting.includes(this.first)) this.dial.giveTimes(this.first.exchange);
  }

  private end(now: number, tell: (stream: StreamExchange) => void): void {
    if (this.over) return;
    this.over = true;
    this.watch.stop();
    this.dial.stop(now);
    this.giveTimes();
    this.owner.unopened(this);
    for (const stream of this.waiting.splice(0)) tell(stream);
  }
}
