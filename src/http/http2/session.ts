import type { ClientHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { Clock } from "../../protocol/ports.ts";
import type { AnswerLimits } from "../answer-reader.ts";
import { codes, type SystemError } from "../codes.ts";
import { DeadlineWatch } from "../deadline-watch.ts";
import type { Dial } from "../dial.ts";
import { nameOrigin } from "../exchange.ts";
import { passSocket, type SocketEvents } from "../open-socket.ts";
import type { Wire } from "../wire.ts";
import { loadHttp2 } from "./load-http2.ts";
import type { SessionKey } from "./opening.ts";
import { PeerWatch, type SilenceListener } from "./peer-watch.ts";
import { describeEnd, describeSuspect, type SessionEnd } from "./session-end.ts";
import { sessionSettings, sessionWindow } from "./session-settings.ts";
import * as errors from "./stream-errors.ts";
import type { StreamExchange, StreamOwner } from "./stream-exchange.ts";

/** Who holds a session. */
export interface SessionOwner {
  /** It takes no more exchanges. */
  retired(session: Session): void;
  /** Nothing is left of it. */
  lost(session: Session): void;
  /** An exchange that the server has not begun, to be run on another session. */
  again(stream: StreamExchange, from: Session, now: number): void;
}

/** RFC 9113 recommends servers not to allow fewer streams at a time: so many until a server has said how many. */
const usualStreams = 100;

/**
 * One HTTP/2 connection and the exchanges that run on it.
 *
 *     taking exchanges --> retired: by GOAWAY, a silent server, its last exchange --> gone
 *     SETTINGS that do not come within the dial's time --> gone
 */
export class Session implements StreamOwner, SocketEvents, SilenceListener {
  readonly key: SessionKey;
  readonly clock: Clock;
  readonly limits: AnswerLimits;
  private readonly wire: Wire;
  private readonly owner: SessionOwner;
  private readonly socket: Socket;
  private readonly session: ClientHttp2Session;
  private readonly address: string;
  private readonly tlsVersion: string;
  private readonly waiting: StreamExchange[] = [];
  private readonly running = new Set<StreamExchange>();
  private readonly watch: DeadlineWatch;
  private readonly peer: PeerWatch;
  private most = usualStreams;
  /** SETTINGS have come: it is HTTP/2 that is spoken. */
  private settled = false;
  private used = false;
  private retiredAlready = false;
  private gone = false;
  /** The error of GOAWAY; -1: none came. */
  private goaway = -1;
  private lastStream = Number.POSITIVE_INFINITY;
  private error: SystemError | null = null;
  private bytesReceived: number;
  private bytesSent: number;

  constructor(wire: Wire, owner: SessionOwner, key: SessionKey, socket: Socket, dial: Dial) {
    this.wire = wire;
    this.owner = owner;
    this.key = key;
    this.clock = wire.clock;
    this.limits = wire.limits;
    this.socket = socket;
    this.address = dial.address;
    this.tlsVersion = dial.tlsVersion;
    this.bytesReceived = socket.bytesRead;
    this.bytesSent = socket.bytesWritten;
    this.watch = new DeadlineWatch(wire.clock, () => this.due());
    passSocket(socket, this);
    const { host, port, secure } = key.origin;
    const authority = `${secure ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
    const session = loadHttp2().connect(authority, {
      ...sessionSettings(wire.limits.maxHeader),
      createConnection: () => socket,
    });
    session.setLocalWindowSize(sessionWindow);
    session.on("remoteSettings", ({ maxConcurrentStreams = usualStreams }) => this.settle(maxConcurrentStreams));
    session.on("goaway", (error: number, last: number) => {
      this.goaway = error;
      this.lastStream = last;
      this.retire();
    });
    session.on("error", (error: Error) => {
      this.error ??= error;
    });
    session.on("close", () => this.closed());
    this.session = session;
    this.peer = new PeerWatch(wire.clock, session, socket, dial.until, this);
  }

  get idle(): boolean {
    return this.running.size === 0 && this.waiting.length === 0;
  }

  /** Runs an exchange as soon as a stream is free. */
  run(stream: StreamExchange, now: number): void {
    this.watch.by(stream.deadline);
    if (this.running.size >= this.most) this.waiting.push(stream);
    else this.start(stream, now);
  }

  /** Takes no more exchanges, and is gone after the last; idempotent. */
  retire(): void {
    if (this.retiredAlready) return;
    this.retiredAlready = true;
    this.owner.retired(this);
    const now = this.clock.now();
    for (const stream of this.waiting.splice(0)) this.owner.again(stream, this, now);
    if (this.idle) this.discard();
  }

  /** Ends what runs as interrupted, and the session. */
  interrupt(): void {
    const now = this.clock.now();
    for (const stream of this.takeAll()) {
      stream.interrupt(now);
    }
  }

  /** Frees everything; idempotent. Not while something runs. */
  discard(): void {
    if (this.gone) return;
    this.gone = true;
    this.watch.stop();
    this.peer.stop();
    this.retire();
    this.session.destroy();
    this.socket.destroy();
    this.owner.lost(this);
  }

  answered(stream: StreamExchange, now: number): void {
    const { exchange } = stream;
    stream.closePhase(now);
    exchange.endedAt = now;
    this.used = true;
    this.leave(stream, now);
    if (stream.request.lastOnConnection) this.retire();
    exchange.end();
  }

  broken(stream: StreamExchange, reset: number): void {
    // The end of the session says what it was.
    if (this.session.destroyed || this.gone) return;
    const now = this.clock.now();
    this.leave(stream, now);
    if (reset === errors.refusedStream && this.startsAgain(stream, now)) return;
    if (this.goaway >= 0 && stream.id > this.lastStream) {
      const { code, message } = this.describeEnd();
      stream.fail(code, message, now);
      return;
    }
    const name = nameOrigin(this.key.origin);
    const { code, message } = errors.describeReset(name, reset, stream, this.limits.maxHeader);
    stream.fail(code, message, now);
  }

  refused(stream: StreamExchange, problem: string): void {
    const now = this.clock.now();
    this.leave(stream, now);
    stream.fail(codes.other, `bad answer from ${nameOrigin(this.key.origin)}: ${problem}`, now);
  }

  unsendable(stream: StreamExchange, problem: string): void {
    const now = this.clock.now();
    this.leave(stream, now);
    stream.fail(codes.other, problem, now);
  }

  failed(_socket: Socket, error: Error): void {
    this.error ??= error;
    // After some errors, such as an alert of TLS 1.3 about a client's certificate, node:http2 never tells of the session's end.
    setImmediate(() => this.closed());
  }

  unsettled(): void {
    const now = this.clock.now();
    const message = `${nameOrigin(this.key.origin)} sent no SETTINGS in time; does it speak HTTP/2?`;
    for (const stream of this.takeAll()) {
      stream.fail(codes.dialTimeout, message, now);
    }
  }

  unanswered(): void {
    // What runs keeps its time: a server that stood still may go on.
    this.retire();
  }

  // The rest of what its socket says, node:http2 hears itself.
  connected(): void {}
  secured(): void {}
  received(): void {}
  drained(): void {}
  ended(): void {}

  private start(stream: StreamExchange, now: number): void {
    const { exchange } = stream;
    exchange.remoteAddress = this.address;
    exchange.tlsVersion = this.tlsVersion;
    this.running.add(stream);
    stream.receivedBefore = this.socket.bytesRead;
    stream.start(this.session, this, now);
  }

  private settle(most: number): void {
    this.settled = true;
    this.peer.settled();
    this.most = most;
    this.fill(this.clock.now());
  }

  private fill(now: number): void {
    while (this.running.size < this.most) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      if (this.wire.permit.maySend(now)) this.start(next, now);
      else next.interrupt(now);
    }
  }

  private leave(stream: StreamExchange, now: number): void {
    this.takeBytes(stream);
    this.running.delete(stream);
    this.fill(now);
    if (this.retiredAlready && this.idle) this.discard();
  }

  /** Bytes of the connection since it was last asked: in sum they are all of its bytes, whichever stream's they were. */
  private takeBytes({ exchange }: StreamExchange): void {
    const { bytesRead, bytesWritten } = this.socket;
    exchange.bytesReceived += bytesRead - this.bytesReceived;
    exchange.bytesSent += bytesWritten - this.bytesSent;
    this.bytesReceived = bytesRead;
    this.bytesSent = bytesWritten;
  }

  /** Runs an exchange that the server has not begun elsewhere, once. */
  private startsAgain(stream: StreamExchange, now: number): boolean {
    if (stream.retried || now >= stream.deadline || !this.wire.permit.maySend(now)) return false;
    stream.rewind();
    this.owner.again(stream, this, now);
    return true;
  }

  /** Everything that runs or waits; the session is gone. */
  private takeAll(): StreamExchange[] {
    const streams = [...this.running, ...this.waiting.splice(0)];
    this.running.clear();
    this.discard();
    for (const stream of streams) this.takeBytes(stream);
    return streams;
  }

  private closed(): void {
    if (this.gone) return;
    const now = this.clock.now();
    const streams = this.takeAll();
    const { code, message } = this.describeEnd();
    const hint = describeSuspect(this.error);
    for (const stream of streams) {
      const unbegun = this.goaway >= 0 && stream.id > this.lastStream;
      const stale = this.goaway < 0 && this.used && !stream.answering && stream.request.retriable;
      if ((unbegun || stale) && this.startsAgain(stream, now)) continue;
      stream.fail(code, `${message}${stream.promisedLength === null ? "" : hint}`, now);
    }
  }

  private describeEnd(): SessionEnd {
    return describeEnd(this.key.origin, this.goaway, this.error, this.settled);
  }

  private due(): void {
    const now = this.clock.now();
    let silent = false;
    let late = false;
    for (const stream of [...this.running, ...this.waiting]) {
      if (stream.deadline > now) {
        this.watch.by(stream.deadline);
        continue;
      }
      late = true;
      const place = this.waiting.indexOf(stream);
      if (place >= 0) this.waiting.splice(place, 1);
      else if (this.socket.bytesRead === stream.receivedBefore) silent = true;
      stream.exchange.counted = true;
      stream.fail(codes.timeout, `no complete answer from ${nameOrigin(this.key.origin)} in time`, now);
      this.leave(stream, now);
    }
    // Not a byte for a whole request: nobody is there any more, and the next one gets a new connection.
    if (silent) this.retire();
    else if (late && !this.retiredAlready) this.peer.ask(now);
  }
}
