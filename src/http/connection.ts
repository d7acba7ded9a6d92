import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { AnswerReader, broken, more } from "./answer-reader.ts";
import type { SenderOwner } from "./body-sender.ts";
import { codeOfBreak, codes, describeBreak } from "./codes.ts";
import { DeadlineWatch } from "./deadline-watch.ts";
import { Dial, type DialListener } from "./dial.ts";
import { nameOrigin, type Origin, type Proxy } from "./exchange.ts";
import type { MeasuredExchange } from "./measured-exchange.ts";
import { passSocket } from "./open-socket.ts";
import { only11 } from "./route.ts";
import { RunningExchange } from "./running-exchange.ts";
import type { SourceAddress } from "./source-address.ts";
import type { Trust } from "./tls.ts";
import type { Wire } from "./wire.ts";

/** Who holds a connection. */
export interface ConnectionOwner {
  /** The address of this machine that it dials from. */
  readonly source: SourceAddress | null;
  /** It cannot be used again. */
  lost(connection: Connection): void;
  /** A kept connection turned out dead before a byte of the answer came: the same exchange goes out on a new one. */
  retry(exchange: MeasuredExchange, from: Connection, now: number): void;
}

/**
 * One HTTP/1.1 connection and the exchange that runs on it.
 *
 *     dialling --> running --> idle --> running …   and from each of them, once: gone
 */
export class Connection implements DialListener, SenderOwner {
  readonly origin: Origin;
  /** null: no TLS, neither to the origin nor to the proxy. */
  readonly trust: Trust | null;
  /** null: straight to the origin. */
  readonly proxy: Proxy | null;
  private readonly wire: Wire;
  private readonly owner: ConnectionOwner;
  private readonly reader: AnswerReader;
  private readonly running = new RunningExchange();
  // One alarm serves many exchanges.
  private readonly watch: DeadlineWatch;
  private dial: Dial | null = null;
  private socket: Socket | null = null;
  private gone = false;
  private tlsVersion = "";
  private address = "";
  /** Has carried a whole exchange. */
  private used = false;

  constructor(wire: Wire, owner: ConnectionOwner, origin: Origin, trust: Trust | null, proxy: Proxy | null) {
    this.wire = wire;
    this.owner = owner;
    this.origin = origin;
    this.trust = trust;
    this.proxy = proxy;
    this.reader = new AnswerReader(wire.limits, wire.heads);
    this.watch = new DeadlineWatch(wire.clock, () => this.due());
  }

  get idle(): boolean {
    return this.running.exchange === null;
  }

  /** Runs an exchange; `now` is the time at which it may begin. Only on an idle connection. */
  run(exchange: MeasuredExchange, now: number): void {
    this.running.exchange = exchange;
    this.watch.by(exchange.deadline);
    if (this.socket !== null) {
      this.send(this.socket, exchange, now);
    } else {
      this.running.phaseAt = now;
      this.dial = new Dial(this.wire, exchange.request, this.trust, this.owner.source, only11, this, now);
      this.dial.start();
    }
  }

  /** Takes over a socket that somebody else's dial made, before its first exchange. */
  adopt(socket: Socket, dial: Dial): void {
    passSocket(socket, this);
    this.socket = socket;
    this.address = dial.address;
    this.tlsVersion = dial.tlsVersion;
  }

  /** Ends the running exchange as interrupted, and the connection. */
  interrupt(): void {
    if (this.idle) this.discard();
    else this.interruptAt(this.wire.clock.now());
  }

  /** Frees everything; idempotent. Not for a running exchange. */
  discard(): void {
    if (this.gone) return;
    this.gone = true;
    this.watch.stop();
    this.dial?.stop(this.wire.clock.now());
    this.dial = null;
    this.socket?.destroy();
    this.owner.lost(this);
  }

  dialled(socket: Socket, dial: Dial, now: number): void {
    const { exchange } = this.running;
    if (exchange === null) return;
    this.socket = socket;
    this.address = dial.address;
    this.tlsVersion = dial.tlsVersion;
    this.takeTimes(dial, exchange);
    if (this.wire.permit.maySend(now)) this.send(socket, exchange, now);
    else this.interruptAt(now);
  }

  undialled(code: number, message: string, dial: Dial, now: number): void {
    const { exchange } = this.running;
    if (exchange === null) return;
    this.takeTimes(dial, exchange);
    exchange.counted = true;
    this.fail(code, message, now);
  }

  forbidden(dial: Dial, now: number): void {
    const { exchange } = this.running;
    if (exchange !== null) this.takeTimes(dial, exchange);
    this.interruptAt(now);
  }

  connected(socket: Socket): void {
    this.dial?.tcpConnected(socket);
  }

  secured(socket: TLSSocket): void {
    this.dial?.tlsConnected(socket);
  }

  received(socket: Socket, count: number): void {
    if (socket !== this.socket || this.gone) {
      this.dial?.received(socket, count);
      return;
    }
    const { running, reader } = this;
    const { exchange } = running;
    if (exchange === null) {
      // Bytes that nobody asked for.
      this.discard();
      return;
    }
    exchange.bytesReceived += count;
    let now = -1;
    if (!running.answering) {
      now = this.wire.clock.now();
      running.answered(exchange, now);
    }
    const next = reader.read(this.wire.heads.buffer, 0, count);
    if (next === more) return;
    if (now < 0) now = this.wire.clock.now();
    if (next === broken) this.fail(codes.other, `bad answer from ${nameOrigin(this.origin)}: ${reader.problem}`, now);
    else this.complete(now, next === count && reader.reusable && !running.writing);
  }

  drained(socket: Socket): void {
    const { running } = this;
    if (socket !== this.socket || !running.writing || running.exchange === null || running.sender !== null) return;
    running.writing = false;
    if (!running.answering) running.drained(running.exchange, this.wire.clock.now());
  }

  gave(bytes: number): void {
    if (this.running.exchange !== null) this.running.exchange.bytesSent += bytes;
  }

  sent(): void {
    this.running.sender = null;
    if (this.socket !== null) this.drained(this.socket);
  }

  unreadable(problem: string): void {
    this.fail(codes.other, problem, this.wire.clock.now());
  }

  ended(socket: Socket): void {
    if (this.dial !== null) {
      this.dial.socketEnded(socket);
      return;
    }
    if (socket !== this.socket || this.gone) return;
    const { answering } = this.running;
    if (this.idle) this.discard();
    else if (answering && this.reader.end()) this.complete(this.wire.clock.now(), false);
    else {
      const when = answering ? "in the middle of an answer" : "without an answer";
      this.breakOff(codes.other, `${nameOrigin(this.origin)} closed the connection ${when}`);
    }
  }

  failed(socket: Socket, error: NodeJS.ErrnoException): void {
    if (this.dial !== null) {
      this.dial.socketFailed(socket, error);
      return;
    }
    if (socket !== this.socket || this.gone) return;
    if (this.idle) {
      this.discard();
      return;
    }
    this.breakOff(codeOfBreak(error), describeBreak(error, nameOrigin(this.origin)));
  }

  private send(socket: Socket, exchange: MeasuredExchange, now: number): void {
    const { request } = exchange;
    this.dial = null;
    this.reader.begin(request);
    const { bytes, rest } = request;
    const whole = socket.write(bytes) && rest === null;
    exchange.bytesSent += bytes.length;
    exchange.remoteAddress = this.address;
    exchange.tlsVersion = this.tlsVersion;
    this.running.wrote(exchange, now, this.wire.clock.now(), whole);
    if (rest !== null) this.running.sendRest(rest, socket, this);
  }

  private complete(now: number, reusable: boolean): void {
    const { reader } = this;
    const { exchange, phaseAt } = this.running;
    if (exchange === null) return;
    exchange.status = reader.status;
    exchange.proto = reader.minor === 1 ? "HTTP/1.1" : "HTTP/1.0";
    exchange.headers = reader.headers;
    exchange.body = reader.body;
    exchange.receiving = now - phaseAt;
    exchange.endedAt = now;
    reader.headers = null;
    reader.body = null;
    this.running.release();
    if (reusable && !exchange.request.lastOnConnection) this.used = true;
    else this.discard();
    exchange.end();
  }

  /** The connection broke under a running exchange. */
  private breakOff(code: number, message: string): void {
    const { exchange, answering } = this.running;
    if (exchange === null) return;
    const { request, deadline } = exchange;
    const now = this.wire.clock.now();
    if (this.used && !answering && request.retriable && now < deadline && this.wire.permit.maySend(now)) {
      exchange.blocked = now - exchange.startedAt;
      exchange.sending = 0;
      this.running.release();
      this.discard();
      this.owner.retry(exchange, this, now);
    } else {
      this.fail(code, message, now);
    }
  }

  private interruptAt(now: number): void {
    const { exchange } = this.running;
    if (exchange === null) return;
    exchange.interrupted = true;
    this.fail(codes.other, "interrupted", now);
  }

  private fail(code: number, message: string, now: number): void {
    const { exchange } = this.running;
    if (exchange === null) return;
    if (this.dial !== null) {
      this.dial.stop(now);
      this.takeTimes(this.dial, exchange);
    } else {
      this.running.closePhase(exchange, now);
    }
    exchange.code = code;
    exchange.message = message;
    exchange.endedAt = now;
    this.running.release();
    this.discard();
    exchange.end();
  }

  private takeTimes(dial: Dial, exchange: MeasuredExchange): void {
    dial.giveTimes(exchange);
    this.dial = null;
  }

  private due(): void {
    const { exchange } = this.running;
    if (exchange === null) return;
    const now = this.wire.clock.now();
    if (now < exchange.deadline) {
      this.watch.by(exchange.deadline);
      return;
    }
    // Out of time before the connection was up: the dial failed.
    exchange.counted = true;
    this.fail(codes.timeout, `no complete answer from ${nameOrigin(this.origin)} in time`, now);
  }
}
