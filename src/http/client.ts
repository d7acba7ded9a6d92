import { codes } from "./codes.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import type { Exchange, ExchangeListener, HttpClient, Origin, WireRequest } from "./exchange.ts";
import type { Trust } from "./tls.ts";
import type { Wire } from "./wire.ts";

/** Connections a client keeps to all its origins together; beyond it the oldest idle one is closed. */
const maxKept = 32;
const never = Number.POSITIVE_INFINITY;

/** A client of one VU. `onClosed` is called once. */
export function createClient(wire: Wire, signal: AbortSignal, onClosed: (client: HttpClient) => void): HttpClient {
  return new Client(wire, signal, onClosed);
}

class Client implements HttpClient, ConnectionOwner {
  private readonly wire: Wire;
  private readonly signal: AbortSignal;
  private readonly onClosed: (client: HttpClient) => void;
  private readonly onAbort = (): void => this.stop();
  /** Idle and running ones; few, so a scan finds the one to use. */
  private readonly connections: Connection[] = [];
  private stopped = false;
  private closed = false;

  constructor(wire: Wire, signal: AbortSignal, onClosed: (client: HttpClient) => void) {
    this.wire = wire;
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
    const exchange = new MeasuredExchange(now);
    if (this.stopped || !this.wire.permit.maySend(now)) {
      exchange.interrupted = true;
      fail(exchange, codes.other, "interrupted", listener);
      return;
    }
    if (now >= deadline) {
      fail(exchange, codes.timeout, "no time was left to send the request", listener);
      return;
    }
    const { origin } = request;
    let trust: Trust | null = null;
    if (origin.secure) {
      try {
        trust = this.wire.trusts.of(request.tls);
      } catch (error) {
        fail(exchange, codes.tls, `tls settings of the request: ${messageOf(error)}`, listener);
        return;
      }
    }
    const connection = this.idleTo(origin, trust) ?? this.open(origin, trust);
    connection.run(request, deadline, exchange, listener, now);
  }

  closeIdle(): void {
    for (const connection of this.connections.slice()) {
      if (connection.idle) connection.discard();
    }
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

  retry(
    request: WireRequest,
    deadline: number,
    exchange: Exchange,
    listener: ExchangeListener,
    from: Connection,
    now: number,
  ): void {
    this.open(request.origin, from.trust).run(request, deadline, exchange, listener, now);
  }

  private stop(): void {
    this.stopped = true;
    for (const connection of this.connections.slice()) connection.interrupt();
  }

  private idleTo(origin: Origin, trust: Trust | null): Connection | undefined {
    const { connections } = this;
    // The latest is the likeliest to be alive still.
    for (let i = connections.length - 1; i >= 0; i--) {
      const connection = connections[i];
      if (connection?.idle && connection.trust === trust && connection.origin.key === origin.key) return connection;
    }
    return undefined;
  }

  private open(origin: Origin, trust: Trust | null): Connection {
    if (this.connections.length >= maxKept) this.connections.find((connection) => connection.idle)?.discard();
    const connection = new Connection(this.wire, this, origin, trust);
    this.connections.push(connection);
    return connection;
  }
}

/** A class, because a literal of so many fields is copied by the engine's runtime instead of by compiled code. */
class MeasuredExchange implements Exchange {
  code = 0;
  message = "";
  interrupted = false;
  counted = false;
  status = 0;
  proto = "";
  headers: readonly string[] | null = null;
  body: Buffer | null = null;
  bytesSent = 0;
  bytesReceived = 0;
  startedAt: number;
  endedAt: number;
  blocked = 0;
  connecting = 0;
  tlsHandshaking = 0;
  sending = 0;
  waiting = 0;
  receiving = 0;
  tlsVersion = "";
  remoteAddress = "";

  constructor(startedAt: number) {
    this.startedAt = startedAt;
    this.endedAt = startedAt;
  }
}

function fail(exchange: Exchange, code: number, message: string, listener: ExchangeListener): void {
  exchange.code = code;
  exchange.message = message;
  listener.exchanged(exchange);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
