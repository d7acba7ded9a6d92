import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Alarm } from "../protocol/ports.ts";
import { AnswerReader, broken, more } from "./answer-reader.ts";
import { codeOfBreak, codes } from "./codes.ts";
import { Dial, type DialListener } from "./dial.ts";
import type { Exchange, ExchangeListener, Origin, WireRequest } from "./exchange.ts";
import type { Trust } from "./tls.ts";
import type { Wire } from "./wire.ts";

/** Who holds a connection. */
export interface ConnectionOwner {
  /** It cannot be used again. */
  lost(connection: Connection): void;
  /** A kept connection turned out dead before a byte of the answer came: the same exchange goes out on a new one. */
  retry(
    request: WireRequest,
    deadline: number,
    exchange: Exchange,
    listener: ExchangeListener,
    from: Connection,
    now: number,
  ): void;
}

const never = Number.POSITIVE_INFINITY;

/**
 * One connection and the exchange that runs on it.
 *
 *     dialling --> running --> idle --> running …   and from each of them, once: gone
 */
export class Connection implements DialListener {
  readonly origin: Origin;
  /** null: plain TCP. */
  readonly trust: Trust | null;
  private readonly wire: Wire;
  private readonly owner: ConnectionOwner;
  private readonly reader: AnswerReader;
  private dial: Dial | null = null;
  private socket: Socket | null = null;
  private gone = false;
  private tlsVersion = "";
  private address = "";
  /** Has carried a whole exchange. */
  private used = false;

  // The running exchange; null when there is none.
  private request: WireRequest | null = null;
  private exchange: Exchange | null = null;
  private listener: ExchangeListener | null = null;
  private deadline = never;
  /** When the phase under way began. */
  private phaseAt = 0;
  private sent = false;
  private writing = false;
  private answering = false;

  // One alarm serves many exchanges: it is moved only when a deadline comes before it.
  private alarm: Alarm | null = null;
  private alarmAt = never;
  private readonly onAlarm = (): void => this.alarmed();

  constructor(wire: Wire, owner: ConnectionOwner, origin: Origin, trust: Trust | null) {
    this.wire = wire;
    this.owner = owner;
    this.origin = origin;
    this.trust = trust;
    this.reader = new AnswerReader(wire.limits, wire.heads);
  }

  get idle(): boolean {
    return this.request === null;
  }

  /** Runs an exchange; `now` is the time at which it may begin. Only on an idle connection. */
  run(request: WireRequest, deadline: number, exchange: Exchange, listener: ExchangeListener, now: number): void {
    this.request = request;
    this.deadline = deadline;
    this.exchange = exchange;
    this.listener = listener;
    if (deadline < this.alarmAt) this.watch(deadline);
    if (this.socket !== null) {
      this.send(this.socket, request, exchange, now);
    } else {
      this.phaseAt = now;
      this.dial = new Dial(this.wire, request, this.trust, this, now);
      this.dial.start();
    }
  }

  /** Ends the running exchange as interrupted, and the connection. */
  interrupt(): void {
    if (this.request === null) this.discard();
    else this.interruptAt(this.wire.clock.now());
  }

  /** Frees everything; idempotent. Not for a running exchange. */
  discard(): void {
    if (this.gone) return;
    this.gone = true;
    this.alarm?.cancel();
    this.alarm = null;
    this.dial?.stop(this.wire.clock.now());
    this.dial = null;
    this.socket?.destroy();
    this.owner.lost(this);
  }

  dialled(socket: Socket, dial: Dial, now: number): void {
    const { request, exchange } = this;
    if (request === null || exchange === null) return;
    this.socket = socket;
    this.address = dial.address;
    this.tlsVersion = dial.tlsVersion;
    this.takeTimes(dial, exchange);
    if (this.wire.permit.maySend(now)) this.send(socket, request, exchange, now);
    else this.interruptAt(now);
  }

  undialled(code: number, message: string, dial: Dial, now: number): void {
    if (this.exchange === null) return;
    this.takeTimes(dial, this.exchange);
    this.exchange.counted = true;
    this.fail(code, message, now);
  }

  forbidden(dial: Dial, now: number): void {
    if (this.exchange !== null) this.takeTimes(dial, this.exchange);
    this.interruptAt(now);
  }

  connected(socket: Socket): void {
    this.dial?.tcpConnected(socket);
  }

  secured(socket: TLSSocket): void {
    this.dial?.tlsConnected(socket);
  }

  received(socket: Socket, count: number): void {
    if (socket !== this.socket || this.gone) return;
    const { exchange, reader } = this;
    if (exchange === null) {
      // Bytes that nobody asked for.
      this.discard();
      return;
    }
    exchange.bytesReceived += count;
    let now = -1;
    if (!this.answering) {
      now = this.wire.clock.now();
      this.answering = true;
      if (this.writing) exchange.sending = now - this.phaseAt;
      else exchange.waiting = now - this.phaseAt;
      this.phaseAt = now;
    }
    const next = reader.read(this.wire.heads.buffer, 0, count);
    if (next === more) return;
    if (now < 0) now = this.wire.clock.now();
    if (next === broken) this.fail(codes.other, `bad answer from ${this.name()}: ${reader.problem}`, now);
    else this.complete(now, next === count && reader.reusable && !this.writing);
  }

  drained(socket: Socket): void {
    if (socket !== this.socket || !this.writing || this.exchange === null) return;
    this.writing = false;
    if (this.answering) return;
    const now = this.wire.clock.now();
    this.exchange.sending = now - this.phaseAt;
    this.phaseAt = now;
  }

  ended(socket: Socket): void {
    // While dialling an error follows.
    if (socket !== this.socket || this.gone) return;
    if (this.exchange === null) this.discard();
    else if (this.answering && this.reader.end()) this.complete(this.wire.clock.now(), false);
    else {
      const when = this.answering ? "in the middle of an answer" : "without an answer";
      this.breakOff(codes.other, `${this.name()} closed the connection ${when}`);
    }
  }

  failed(socket: Socket, error: NodeJS.ErrnoException): void {
    if (this.dial !== null) {
      this.dial.socketFailed(socket, error);
      return;
    }
    if (socket !== this.socket || this.gone) return;
    if (this.exchange === null) {
      this.discard();
      return;
    }
    const code = codeOfBreak(error);
    const what = code === codes.reset ? "reset" : `broken: ${error.code ?? error.message}`;
    this.breakOff(code, `connection to ${this.name()} ${what}`);
  }

  private send(socket: Socket, request: WireRequest, exchange: Exchange, now: number): void {
    this.dial = null;
    this.reader.begin(request);
    this.sent = true;
    this.answering = false;
    this.writing = !socket.write(request.bytes);
    const written = this.wire.clock.now();
    exchange.counted = true;
    exchange.bytesSent += request.bytes.length;
    exchange.remoteAddress = this.address;
    exchange.tlsVersion = this.tlsVersion;
    if (this.writing) {
      this.phaseAt = now;
    } else {
      exchange.sending = written - now;
      this.phaseAt = written;
    }
  }

  private complete(now: number, reusable: boolean): void {
    const { request, exchange, reader, listener } = this;
    if (request === null || exchange === null || listener === null) return;
    exchange.status = reader.status;
    exchange.proto = reader.minor === 1 ? "HTTP/1.1" : "HTTP/1.0";
    exchange.headers = reader.headers;
    exchange.body = reader.body;
    exchange.receiving = now - this.phaseAt;
    exchange.endedAt = now;
    reader.headers = null;
    reader.body = null;
    this.release();
    if (reusable && !request.lastOnConnection) this.used = true;
    else this.discard();
    listener.exchanged(exchange);
  }

  /** The connection broke under a running exchange. */
  private breakOff(code: number, message: string): void {
    const { request, exchange, listener, deadline } = this;
    if (request === null || exchange === null || listener === null) return;
    const now = this.wire.clock.now();
    if (this.used && !this.answering && request.retriable && now < deadline && this.wire.permit.maySend(now)) {
      exchange.blocked = now - exchange.startedAt;
      exchange.sending = 0;
      this.release();
      this.discard();
      this.owner.retry(request, deadline, exchange, listener, this, now);
    } else {
      this.fail(code, message, now);
    }
  }

  private interruptAt(now: number): void {
    if (this.exchange === null) return;
    this.exchange.interrupted = true;
    this.fail(codes.other, "interrupted", now);
  }

  private fail(code: number, message: string, now: number): void {
    const { exchange, listener } = this;
    if (exchange === null || listener === null) return;
    this.closePhase(exchange, now);
    exchange.code = code;
    exchange.message = message;
    exchange.endedAt = now;
    this.release();
    this.discard();
    listener.exchanged(exchange);
  }

  /** Gives the time since the phase began to that phase. */
  private closePhase(exchange: Exchange, now: number): void {
    if (this.dial !== null) {
      this.dial.stop(now);
      this.takeTimes(this.dial, exchange);
      return;
    }
    if (!this.sent) return;
    const time = now - this.phaseAt;
    if (this.answering) exchange.receiving = time;
    else if (this.writing) exchange.sending = time;
    else exchange.waiting = time;
  }

  private takeTimes(dial: Dial, exchange: Exchange): void {
    exchange.blocked += dial.blocked;
    exchange.connecting = dial.connecting;
    exchange.tlsHandshaking = dial.tlsHandshaking;
    exchange.remoteAddress = dial.address;
    this.dial = null;
  }

  private release(): void {
    this.sent = false;
    this.request = null;
    this.exchange = null;
    this.listener = null;
    this.deadline = never;
  }

  private watch(time: number): void {
    this.alarm?.cancel();
    this.alarmAt = time;
    this.alarm = this.wire.clock.at(time, this.onAlarm);
  }

  private alarmed(): void {
    this.alarm = null;
    this.alarmAt = never;
    if (this.exchange === null) return;
    const now = this.wire.clock.now();
    if (now < this.deadline) {
      this.watch(this.deadline);
      return;
    }
    const { host, port } = this.origin;
    // Out of time before the connection was up: the dial failed.
    this.exchange.counted = true;
    this.fail(codes.timeout, `no complete answer from ${host}:${port} in time`, now);
  }

  private name(): string {
    const { host, port } = this.origin;
    return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  }
}
