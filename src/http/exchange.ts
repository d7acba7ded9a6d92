import type { HttpTls } from "../protocol/workflow.ts";
import type { Pieces } from "./body.ts";

/** Where a connection goes. `key` is equal for origins that may share a connection. */
export interface Origin {
  readonly secure: boolean;
  /** Lower-case host name or address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly key: string;
}

/** An HTTP proxy. The same object for the same settings: connections are shared by it. */
export interface Proxy {
  /** Its own connection goes over TLS. */
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  /** The value of Proxy-Authorization, a secret; null: none. */
  readonly authorization: string | null;
}

/** Host and port, for people. */
export function nameOrigin({ host, port }: Origin): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** One request on the wire and what to keep of its answer. The same object may be sent many times. */
export interface WireRequest {
  readonly origin: Origin;
  /** Head and body, ready to be written in one call; the head alone where `rest` is the body. */
  readonly bytes: Buffer;
  /** A body that files belong to; null: `bytes` is all. */
  readonly rest: Pieces | null;
  /** The method is HEAD: the answer has no body whatever its headers say. */
  readonly head: boolean;
  /** Safe to send again when a kept-alive connection turns out closed before a byte of the answer came. */
  readonly retriable: boolean;
  /** Keep all headers. Without it they are kept only for 3xx answers and when a set-cookie is among them. */
  readonly keepHeaders: boolean;
  readonly keepBody: boolean;
  /**
   * Of an answer whose status this refuses, the headers and the beginning of the body are kept for an error sample,
   * when nothing else keeps them. null: it refuses those from 400 on.
   */
  readonly expects: ((status: number) => boolean) | null;
  /** Close the connection after this exchange. */
  readonly lastOnConnection: boolean;
  /** For name look-up, all addresses and the TLS handshake together; 0 or less: no limit of its own. */
  readonly connectTimeoutMs: number;
  /** Fixed at compile time; connections are shared only among equal settings. Ignored when the origin is not secure. */
  readonly tls: HttpTls;
  /** null: straight to the origin. */
  readonly proxy: Proxy | null;
  /** The same request for HTTP/2; null: it goes over HTTP/1.1. */
  readonly message: Message | null;
}

/** A request as HTTP/2 sends it. */
export interface Message {
  /** Nothing but HTTP/2 will do; else the origin chooses. */
  readonly required: boolean;
  /** name, value, name, value …; pseudo-headers first. */
  readonly headers: readonly string[];
  readonly body: Buffer | Pieces | null;
}

/**
 * What one request came to: an answer or a failure, always with its measurements. Times are milliseconds from
 * `Clock.now()` differences, 0 where a phase did not happen.
 */
export interface Exchange {
  /** k6's error code, 0: none. */
  code: number;
  /** What went wrong, with host and value; empty: nothing. */
  message: string;
  /** Ended by an abort or because sending was no longer permitted. */
  interrupted: boolean;
  /** Was the first byte of the request written? Or did the dial fail? Only then it counts in http_reqs. */
  counted: boolean;
  status: number;
  /** `HTTP/1.1`, `HTTP/1.0` or `HTTP/2.0`; empty without an answer. */
  proto: string;
  /** name, value, name, value …; names in lower case; null: not kept. Equal heads share one list. */
  headers: readonly string[] | null;
  /** Transfer coding removed, content coding not; only its beginning where just a sample is kept; null: not kept or none. */
  body: Buffer | null;
  bytesSent: number;
  bytesReceived: number;
  /** `Clock.now()` at the call. */
  startedAt: number;
  /** `Clock.now()` at the last byte, or at the failure. */
  endedAt: number;
  /** Waiting for a free connection and DNS. */
  blocked: number;
  connecting: number;
  tlsHandshaking: number;
  sending: number;
  waiting: number;
  receiving: number;
  /** `tls1.3`; empty: no TLS. */
  tlsVersion: string;
  remoteAddress: string;
}

/** Hears what a request came to. */
export interface ExchangeListener {
  /** Called once, for every outcome; perhaps before `send` returns. Must not throw. */
  exchanged(exchange: Exchange): void;
}

/** A VU's client: its connections, kept alive per origin. */
export interface HttpClient {
  /** Resolves for every outcome, never rejects. `deadline` (`Clock.now()`) ends it with code 1050. */
  exchange(request: WireRequest, deadline: number): Promise<Exchange>;
  /** The same without a promise; it ends after `timeoutMs` at the latest, too. */
  send(request: WireRequest, deadline: number, timeoutMs: number, listener: ExchangeListener): void;
  /** Is there a connection to the origin on which requests run side by side? */
  multiplexes(origin: Origin): boolean;
  /** Closes kept connections (`connections: iteration`). */
  closeIdle(): void;
  /** Aborts what is running and frees everything; idempotent. */
  close(): void;
}

/** What all clients of a thread share: DNS cache, TLS contexts and sessions, the read buffer. */
export interface Transport {
  /** `vu`: its number, by which it has its source address. */
  client(signal: AbortSignal, vu?: number): HttpClient;
  /** Idempotent; waits until every socket is destroyed. */
  close(): Promise<void>;
}
