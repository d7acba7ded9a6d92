import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import type { Clock } from "../../protocol/ports.ts";
import { type AnswerLimits, sampleSize } from "../answer-reader.ts";
import type { Pieces } from "../body.ts";
import { BodySender } from "../body-sender.ts";
import { codes } from "../codes.ts";
import type { Message, WireRequest } from "../exchange.ts";
import { KeptBody } from "../kept-body.ts";
import type { MeasuredExchange } from "../measured-exchange.ts";
import { cancel } from "./stream-errors.ts";

/** Who runs an exchange on a stream. */
export interface StreamOwner {
  readonly clock: Clock;
  readonly limits: AnswerLimits;
  /** The answer is there as a whole. */
  answered(stream: StreamExchange, now: number): void;
  /** The stream is over without one; `reset`: the error of RST_STREAM, 0 where there was none. */
  broken(stream: StreamExchange, reset: number): void;
  /** What came cannot be taken. */
  refused(stream: StreamExchange, problem: string): void;
  /** A file of its body cannot be read. */
  unsendable(stream: StreamExchange, problem: string): void;
}

/** An exchange over HTTP/2, waiting for a stream or running on one. */
export class StreamExchange {
  readonly exchange: MeasuredExchange;
  readonly message: Message;
  /** It was begun anew on another session once. */
  retried = false;
  /** What its session had received when it was sent. */
  receivedBefore = 0;
  answering = false;
  /** The header fields of its answer, as they came; null: none came. */
  private fields: readonly string[] | null = null;
  private owner: StreamOwner | null = null;
  private stream: ClientHttp2Stream | null = null;
  private over = false;
  private phaseAt = 0;
  private sending = false;
  /** null: the body is one buffer, or there is none. */
  private sender: BodySender | null = null;
  private kept: KeptBody | null = null;
  private bound = 0;

  constructor(exchange: MeasuredExchange, message: Message) {
    this.exchange = exchange;
    this.message = message;
  }

  get request(): WireRequest {
    return this.exchange.request;
  }

  get deadline(): number {
    return this.exchange.deadline;
  }

  /** The number of its stream, 0: none. */
  get id(): number {
    return this.stream?.id ?? 0;
  }

  /** The content-length of its answer, as it was written; null: none. */
  get promisedLength(): string | null {
    const at = this.fields?.findIndex((field, place) => place % 2 === 0 && field === "content-length") ?? -1;
    return at < 0 ? null : (this.fields?.[at + 1] ?? null);
  }

  start(session: ClientHttp2Session, owner: StreamOwner, now: number): void {
    const { exchange, message } = this;
    exchange.blocked = now - exchange.startedAt - exchange.connecting - exchange.tlsHandshaking;
    exchange.counted = true;
    this.owner = owner;
    this.over = false;
    this.fields = null;
    this.sending = message.body !== null;
    const stream = session.request(message.headers, { endStream: message.body === null });
    this.stream = stream;
    if (message.body !== null) {
      stream.once("finish", () => this.sent());
      if (Buffer.isBuffer(message.body)) stream.end(message.body);
      else this.sendPieces(message.body, stream);
    }
    stream.once("response", (_headers, _flags, raw: readonly string[]) => this.head(raw));
    stream.once("end", () => this.ended(stream));
    // Told by `close`, too.
    stream.on("error", () => undefined);
    stream.once("close", () => this.closed(stream));
    const written = owner.clock.now();
    this.phaseAt = this.sending ? now : written;
    if (!this.sending) exchange.sending = written - now;
  }

  /** Ends it and its stream without an answer. */
  fail(code: number, message: string, now: number): void {
    const { exchange } = this;
    this.over = true;
    this.kept = null;
    this.sender?.stop();
    this.stream?.close(cancel);
    this.closePhase(now);
    exchange.code = code;
    exchange.message = message;
    exchange.endedAt = now;
    exchange.end();
  }

  interrupt(now: number): void {
    this.exchange.interrupted = true;
    this.fail(codes.other, "interrupted", now);
  }

  /** Gives the time since the phase began to that phase. */
  closePhase(now: number): void {
    const { exchange } = this;
    if (this.stream === null) {
      exchange.blocked = now - exchange.startedAt - exchange.connecting - exchange.tlsHandshaking;
      return;
    }
    const time = now - this.phaseAt;
    if (this.answering) exchange.receiving = time;
    else if (this.sending) exchange.sending = time;
    else exchange.waiting = time;
    this.phaseAt = now;
  }

  /** As if it had not been sent. */
  rewind(): void {
    this.stream = null;
    this.retried = true;
    this.exchange.sending = 0;
    this.exchange.waiting = 0;
  }

  private sendPieces(pieces: Pieces, stream: ClientHttp2Stream): void {
    this.sender = new BodySender(pieces, stream, {
      // Counted by the session.
      gave: () => undefined,
      sent: () => stream.end(),
      unreadable: (problem) => {
        if (!this.over) this.owner?.unsendable(this, problem);
      },
    });
    this.sender.start();
  }

  private sent(): void {
    if (this.over || this.owner === null || !this.sending) return;
    this.closePhase(this.owner.clock.now());
    this.sending = false;
  }

  private head(raw: readonly string[]): void {
    const { owner, exchange, request, stream } = this;
    if (this.over || owner === null || stream === null) return;
    this.closePhase(owner.clock.now());
    this.sending = false;
    this.answering = true;
    this.fields = raw;
    const headers: string[] = [];
    let needed = request.keepHeaders;
    for (let at = 0; at + 1 < raw.length; at += 2) {
      const name = raw[at] ?? "";
      const value = raw[at + 1] ?? "";
      if (name === ":status") exchange.status = Number(value);
      else if (!name.startsWith(":")) headers.push(name, value);
      if (name === "set-cookie") needed = true;
    }
    const { status } = exchange;
    const sampling = !request.keepBody && (request.expects === null ? status >= 400 : !request.expects(status));
    if (needed || sampling || (status >= 300 && status < 400)) exchange.headers = headers;
    if (!request.keepBody && !sampling) {
      stream.resume();
      return;
    }
    this.bound = owner.limits.maxBody;
    this.kept = new KeptBody(sampling ? Math.min(sampleSize, this.bound) : Number.POSITIVE_INFINITY);
    stream.on("data", (bytes: Buffer) => this.data(bytes));
  }

  private data(bytes: Buffer): void {
    if (this.over || this.kept === null) return;
    this.kept.append(bytes, 0, bytes.length, 0);
    if (this.kept.size > this.bound) {
      this.owner?.refused(this, `its body is larger than max_body (${this.bound} bytes)`);
    }
  }

  private ended(stream: ClientHttp2Stream): void {
    const { owner, exchange } = this;
    // The end of a stream that was reset is no end of an answer.
    if (this.over || owner === null || stream.aborted || stream.rstCode !== 0 || !this.answering) return;
    this.over = true;
    exchange.body = this.kept?.take() ?? null;
    exchange.proto = "HTTP/2.0";
    this.sender?.stop();
    if (!stream.writableFinished) stream.close(cancel);
    owner.answered(this, owner.clock.now());
  }

  private closed(stream: ClientHttp2Stream): void {
    if (this.over || this.stream !== stream) return;
    this.over = true;
    this.sender?.stop();
    this.owner?.broken(this, stream.rstCode);
  }
}
