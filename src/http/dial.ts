import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Alarm } from "../protocol/ports.ts";
import { codes } from "./codes.ts";
import type { Resolution } from "./dns.ts";
import type { Exchange, WireRequest } from "./exchange.ts";
import { openSecureOver, openSocket, type SocketEvents } from "./open-socket.ts";
import { Route, type Stage } from "./route.ts";
import { type SourceAddress, sourceFor } from "./source-address.ts";
import { nameTlsVersion, type Trust } from "./tls.ts";
import { Tunnel } from "./tunnel.ts";
import type { Wire } from "./wire.ts";

/** What becomes of a dial. */
export interface DialListener extends SocketEvents {
  /** The connection may be used. Times are lengths in milliseconds; `now` is `Clock.now()`. */
  dialled(socket: Socket, dial: Dial, now: number): void;
  /** No address could be used; the dial is over. */
  undialled(code: number, message: string, dial: Dial, now: number): void;
  /** The permit was withdrawn; the dial is over. */
  forbidden(dial: Dial, now: number): void;
}

const never = Number.POSITIVE_INFINITY;

/**
 * Makes one connection: name look-up, every address in order, the way through a proxy, TLS. Ends with exactly one call
 * of its listener, unless given up.
 */
export class Dial {
  /** Milliseconds so far in each phase; attempts at several addresses add up. CONNECT is part of connecting. */
  blocked = 0;
  connecting = 0;
  tlsHandshaking = 0;
  address = "";
  tlsVersion = "";
  /** When it is to be over, as `Clock.now()`. */
  readonly until: number;
  private readonly wire: Wire;
  private readonly route: Route;
  private readonly source: SourceAddress | null;
  private readonly listener: DialListener;
  private addresses: readonly string[] = [];
  private next = 0;
  private socket: Socket | null = null;
  private tunnel: Tunnel | null = null;
  private stage: Stage = "connecting";
  private phaseAt: number;
  private alarm: Alarm | null = null;
  /** When the alarm goes off; Infinity: there is none. */
  private alarmAt = never;
  private over = false;
  private code = 0;
  private message = "";

  /** `started` is when the wait for the connection began; `protocols` are offered by ALPN. */
  constructor(
    wire: Wire,
    request: WireRequest,
    trust: Trust | null,
    source: SourceAddress | null,
    protocols: readonly string[],
    listener: DialListener,
    started: number,
  ) {
    this.wire = wire;
    this.route = new Route(wire.redirectDial, request.origin, request.proxy, trust, protocols);
    this.source = source;
    this.listener = listener;
    this.phaseAt = started;
    this.until = request.connectTimeoutMs > 0 ? started + request.connectTimeoutMs : never;
  }

  start(): void {
    const { route } = this;
    const { permit, clock, resolver } = this.wire;
    const refusal = route.refusal(permit);
    if (refusal !== null) {
      this.giveUp(codes.blockedHost, refusal, clock.now());
      return;
    }
    this.watch(this.until);
    const look = () => resolver.resolve(route.host, (resolution) => this.resolved(resolution));
    if (route.proxy === null || permit.restricts !== true) {
      look();
      return;
    }
    resolver.resolve(route.origin.host, (resolution) => {
      if (this.over) return;
      const refused = route.refusalBehindProxy(permit, resolution);
      if (refused === null) look();
      else this.giveUp(refused.code, refused.message, clock.now());
    });
  }

  /** Ends it here: no listener is called any more, the phase under way gets its time. Nothing when it is over. */
  stop(now: number): void {
    if (this.over) return;
    this.end();
    this.closePhase(now);
    this.socket?.destroy();
    this.socket = null;
  }

  /** TCP is up on a socket of this dial. */
  tcpConnected(socket: Socket): void {
    if (this.over || socket !== this.socket || this.stage !== "connecting") return;
    const now = this.wire.clock.now();
    this.closePhase(now);
    // What follows may take what is left of the whole.
    this.watch(this.until);
    const { proxy, tunnels, origin } = this.route;
    if (proxy?.secure) this.stage = "securing the proxy";
    else if (tunnels) this.ask(socket);
    else if (origin.secure) this.stage = "securing";
    else this.finish(socket, now);
  }

  /** TLS is up on a socket of this dial. */
  tlsConnected(socket: TLSSocket): void {
    if (this.over || socket !== this.socket) return;
    const now = this.wire.clock.now();
    this.closePhase(now);
    const { tunnels, origin } = this.route;
    if (this.stage === "securing the proxy" && tunnels) {
      this.ask(socket);
      return;
    }
    if (origin.secure) this.tlsVersion = nameTlsVersion(socket.getProtocol());
    this.finish(socket, now);
  }

  /** Bytes on a socket of this dial: what a proxy answers to CONNECT. */
  received(socket: Socket, count: number): void {
    if (this.over || socket !== this.socket || this.tunnel === null) return;
    const problem = this.tunnel.read(count);
    if (problem === null) return;
    if (problem !== "") {
      this.attemptFailed(codes.proxy, `${this.name()} ${problem}`);
      return;
    }
    const now = this.wire.clock.now();
    this.closePhase(now);
    this.tunnel = null;
    this.stage = "securing";
    const { heads, sockets } = this.wire;
    const tls = this.route.originTls();
    if (tls === null) this.finish(socket, now);
    else this.socket = openSecureOver(socket, tls, heads.buffer, sockets, this.listener);
  }

  /** The peer closed a socket of this dial. Of one that is not up yet an error tells. */
  socketEnded(socket: Socket): void {
    if (this.over || socket !== this.socket || this.tunnel === null) return;
    this.attemptFailed(codes.proxy, `${this.name()} closed the connection without an answer to CONNECT`);
  }

  /** A socket of this dial broke before it could be used. */
  socketFailed(socket: Socket, error: NodeJS.ErrnoException): void {
    if (this.over || socket !== this.socket) return;
    const { code, message } = this.route.describeFailure(this.stage, this.address, error, this.source);
    this.attemptFailed(code, message);
  }

  /** Adds what it took to what its exchange measures. */
  giveTimes(exchange: Exchange): void {
    exchange.blocked += this.blocked;
    exchange.connecting = this.connecting;
    exchange.tlsHandshaking = this.tlsHandshaking;
    exchange.remoteAddress = this.address;
  }

  private resolved(resolution: Resolution): void {
    if (this.over) return;
    const now = this.wire.clock.now();
    if (resolution.code !== 0) {
      this.giveUp(resolution.code, resolution.message, now);
      return;
    }
    this.closePhase(now);
    this.addresses = resolution.addresses;
    this.tryNext(now);
  }

  private tryNext(now: number): void {
    const { permit, heads, sockets } = this.wire;
    for (;;) {
      const address = this.addresses[this.next];
      if (address === undefined || now >= this.until) {
        this.giveUp(this.code, this.message, now);
        return;
      }
      this.next++;
      this.address = address;
      const refusal = permit.refuses(this.route.host, address);
      if (refusal !== null) {
        this.code = codes.blockedAddress;
        this.message = `${this.name()} may not be dialled: ${refusal}`;
        continue;
      }
      const source = sourceFor(this.source, address);
      if (source === null) {
        this.code = codes.dial;
        this.message = `${this.name()} cannot be dialled: no source address is of its family; add one to options.http.ip or --local-ips`;
        continue;
      }
      if (!permit.maySend(now)) {
        this.end();
        this.listener.forbidden(this, now);
        return;
      }
      const untried = this.addresses.length - this.next + 1;
      this.watch(untried === 1 ? this.until : now + (this.until - now) / untried);
      this.stage = "connecting";
      const target = { address, port: this.route.port, source, tls: this.route.firstTls() };
      this.socket = openSocket(target, heads.buffer, sockets, this.listener);
      return;
    }
  }

  private ask(socket: Socket): void {
    const { proxy, origin } = this.route;
    if (proxy === null) return;
    this.stage = "tunnelling";
    this.tunnel = new Tunnel(this.wire);
    this.tunnel.ask(socket, origin, proxy);
  }

  private attemptFailed(code: number, message: string): void {
    const now = this.wire.clock.now();
    this.code = code;
    this.message = message;
    this.closePhase(now);
    this.socket?.destroy();
    this.socket = null;
    this.tunnel = null;
    // An address that speaks TCP is the right one: its trouble is the answer.
    if (this.stage !== "connecting") this.next = this.addresses.length;
    this.tryNext(now);
  }

  private timedOut(): void {
    this.alarm = null;
    this.alarmAt = never;
    if (this.over) return;
    if (this.socket === null) {
      this.giveUp(codes.dialTimeout, `look-up of ${this.route.host} timed out`, this.wire.clock.now());
      return;
    }
    const { code, message } = this.route.describeTimeout(this.stage, this.address);
    this.attemptFailed(code, message);
  }

  private closePhase(now: number): void {
    const time = now - this.phaseAt;
    this.phaseAt = now;
    if (this.socket === null) this.blocked += time;
    else if (this.stage === "connecting" || this.stage === "tunnelling") this.connecting += time;
    else this.tlsHandshaking += time;
  }

  private finish(socket: Socket, now: number): void {
    this.socket = null;
    this.end();
    this.listener.dialled(socket, this, now);
  }

  private giveUp(code: number, message: string, now: number): void {
    this.closePhase(now);
    this.end();
    this.listener.undialled(code, message, this, now);
  }

  private end(): void {
    this.over = true;
    this.alarm?.cancel();
    this.alarm = null;
  }

  private watch(time: number): void {
    if (time === this.alarmAt) return;
    this.alarm?.cancel();
    this.alarmAt = time;
    this.alarm = time === never ? null : this.wire.clock.at(time, () => this.timedOut());
  }

  private name(): string {
    return this.route.name(this.address);
  }
}
