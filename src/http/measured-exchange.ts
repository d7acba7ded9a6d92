import type { Exchange, ExchangeListener } from "./exchange.ts";

/** A class, because a literal of so many fields is copied by the engine's runtime instead of by compiled code. */
export class MeasuredExchange implements Exchange {
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

/** Ends an exchange of which nothing was sent. */
export function failUnsent(exchange: Exchange, code: number, message: string, listener: ExchangeListener): void {
  exchange.code = code;
  exchange.message = message;
  listener.exchanged(exchange);
}
