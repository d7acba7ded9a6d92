import type { Exchange, ExchangeListener, WireRequest } from "./exchange.ts";

/**
 * An exchange with what it is of, and who hears of its end. One object, because each that a connection holds while it
 * runs is young, the connection is old, and the collector is told of every such pair. A class, because a literal of so
 * many fields is copied by the engine's runtime instead of by compiled code.
 */
export class MeasuredExchange implements Exchange {
  readonly request: WireRequest;
  /** `Clock.now()` by which it has to end. */
  readonly deadline: number;
  private readonly listener: ExchangeListener;
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

  constructor(request: WireRequest, deadline: number, listener: ExchangeListener, startedAt: number) {
    this.request = request;
    this.deadline = deadline;
    this.listener = listener;
    this.startedAt = startedAt;
    this.endedAt = startedAt;
  }

  /** It is over: says so. */
  end(): void {
    this.listener.exchanged(this);
  }

  /** Ends it with nothing sent. */
  failUnsent(code: number, message: string): void {
    this.code = code;
    this.message = message;
    this.end();
  }
}
