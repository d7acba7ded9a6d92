import type { Socket } from "node:net";
import { codes } from "./codes.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import type { Dial } from "./dial.ts";
import type { Exchange, ExchangeListener, HttpClient, Message, Origin, Proxy, WireRequest } from "./exchange.ts";
import type { SessionKey } from "./http2/opening.ts";
import { type Http1Fallback, Sessions } from "./http2/sessions.ts";
import { StreamExchange } from "./http2/stream-exchange.ts";
import { MeasuredExchange } from "./measured-exchange.ts";
import type { SourceAddress } from "./source-address.ts";
import type { Trust } from "./tls.ts";
import type { Wire } from "./wire.ts";

/** Connections a client keeps to all its origins together; beyond it the oldest idle one is closed. */
const maxKept = 32;
const never = Number.POSITIVE_INFINITY;

/** A client of one VU. `source`: where its connections come from; `onClosed` is called once. */
export function createClient(
  wire: Wire,
  source: SourceAddress | null,
  signal: AbortSignal,
  onClosed: (client: HttpClient) => void,
): HttpClient {
  return new Client(wire, source, signal, onClosed);
}

class Client implements HttpClient, ConnectionOwner, Http1Fallback {
  readonly source: SourceAddress | null;
  private readonly wire: Wire;
  private readonly signal: AbortSignal;
  private readonly onClosed: (client: HttpClient) => void;
  private readonly onAbort = (): void => this.stop();
  /** Idle and running ones; few, so a scan finds the one to use. */
  private readonly connections: Connection[] = [];
  /** null: nothing has asked for HTTP/2. */
  private sessions: Sessions | null = null;
  private stopped = false;
  private closed = false;

  constructor(wire: Wire, source: SourceAddress | null, signal: AbortSignal, onClosed: (client: HttpClient) => void) {
    this.wire = wire;
    this.source = source;
    this.signal = signal;
    this.onClosed = onClosed;
    if (signal.aborted) this.stopped = true;
    else signal.addEventListener("abort", this.onAbort);
  }

  exchange(request: WireRequest, deadline: number): Promise<Exchange> {
    return new Promise((resolve) => this.send(request, deadline, never, { exchanged: resolve }));
  }

  send(request: WireRequest, latest: number, timeoutMs: number, listener: ExchangeListener): void {
    const now = this.wire.clock.now();
    const deadline = Math.min(latest, now + timeoutMs);
    const exchange = new MeasuredExchange(request, deadline, listener, now);
    if (this.stopped || !this.wire.permit.maySend(now)) {
      exchange.interrupted = true;
      exchange.failUnsent(codes.other, "interrupted");
      return;
    }
    if (now >= deadline) {
      exchange.failUnsent(codes.timeout, "no time was left to send the request");
      return;
    }
    const { origin, proxy, message } = request;
    let trust: Trust | null = null;
    if (origin.secure || proxy?.secure) {
      try {
        trust = this.wire.trusts.of(request.tls);
      } catch (error) {
        exchange.failUnsent(codes.tls, `tls settings of the request: ${messageOf(error)}`);
        return;
      }
    }
    const idle = this.idleTo(origin, trust, proxy);
    if (message === null) (idle ?? this.open(origin, trust, proxy)).run(exchange, now);
    else this.sendMessage(exchange, message, trust, idle, now);
  }

  multiplexes(origin: Origin): boolean {
    return this.sessions?.reaches(origin) ?? false;
  }

  closeIdle(): void {
    for (const connection of this.connections.slice()) {
      if (connection.idle) connection.discard();
    }
    this.sessions?.closeIdle();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.signal.removeEventListener("abort", this.onAbort);
    this.stop();
    this.onClosed(this);
  }

  lost(connection: Connection): void {
    const place = this.connections.indexOf(connection);
    if (place >= 0) this.connections.splice(place, 1);
  }

  retry(exchange: MeasuredExchange, from: Connection, now: number): void {
    this.open(exchange.request.origin, from.trust, from.proxy).run(exchange, now);
  }

  fellBack(key: SessionKey, socket: Socket, dial: Dial, streams: readonly StreamExchange[], now: number): void {
    streams.forEach(({ exchange }, place) => {
      const connection = this.open(key.origin, key.trust, key.proxy);
      if (place === 0) connection.adopt(socket, dial);
      exchange.blocked = now - exchange.startedAt - exchange.connecting - exchange.tlsHandshaking;
      connection.run(exchange, now);
    });
    if (streams.length === 0) socket.destroy();
  }

  /** `idle`: a connection on which the origin has chosen HTTP/1.1 before. */
  private sendMessage(
    exchange: MeasuredExchange,
    message: Message,
    trust: Trust | null,
    idle: Connection | undefined,
    now: number,
  ): void {
    const { required } = message;
    const { request } = exchange;
    if (!required && (idle !== undefined || !request.origin.secure)) {
      const connection = idle ?? this.open(request.origin, trust, request.proxy);
      connection.run(exchange, now);
      return;
    }
    this.sessions ??= new Sessions(this.wire, this);
    const key = { origin: request.origin, trust, proxy: request.proxy, required };
    this.sessions.run(new StreamExchange(exchange, message), key, now);
  }

  private stop(): void {
    this.stopped = true;
    for (const connection of this.connections.slice()) connection.interrupt();
    this.sessions?.interrupt();
  }

  private idleTo(origin: Origin, trust: Trust | null, proxy: Proxy | null): Connection | undefined {
    const { connections } = this;
    // The latest is the likeliest to be alive still.
    for (let i = connections.length - 1; i >= 0; i--) {
      const connection = connections[i];
      if (
        connection?.idle &&
        connection.trust === trust &&
        connection.proxy === proxy &&
        connection.origin.key === origin.key
      )
        return connection;
    }
    return undefined;
  }

  private open(origin: Origin, trust: Trust | null, proxy: Proxy | null): Connection {
    if (this.connections.length >= maxKept) this.connections.find((connection) => connection.idle)?.discard();
    const connection = new Connection(this.wire, this, origin, trust, proxy);
    this.connections.push(connection);
    return connection;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
