import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Alarm } from "../protocol/ports.ts";
import { codeOfDial, codeOfHandshake, codes, describeHandshake } from "./codes.ts";
import type { Resolution } from "./dns.ts";
import type { Origin, WireRequest } from "./exchange.ts";
import { openSocket, type SocketEvents } from "./open-socket.ts";
import { nameTlsVersion, type Trust } from "./tls.ts";
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

/** Makes one connection: name look-up, every address in order, TLS. Ends with exactly one call of its listener, unless given up. */
export class Dial {
  /** Milliseconds so far in each phase; attempts at several addresses add up. */
  blocked = 0;
  connecting = 0;
  tlsHandshaking = 0;
  address = "";
  tlsVersion = "";
  private readonly wire: Wire;
  private readonly origin: Origin;
  private readonly trust: Trust | null;
  private readonly listener: DialListener;
  private readonly until: number;
  private addresses: readonly string[] = [];
  private next = 0;
  private port: number;
  /** The name that is really looked up. */
  private dialled = "";
  private socket: Socket | null = null;
  private phaseAt: number;
  private connected = false;
  private alarm: Alarm | null = null;
  private over = false;
  private code = 0;
  private message = "";

  /** `started` is when the wait for the connection began. */
  constructor(wire: Wire, request: WireRequest, trust: Trust | null, listener: DialListener, started: number) {
    this.wire = wire;
    this.origin = request.origin;
    this.trust = trust;
    this.listener = listener;
    this.phaseAt = started;
    this.until = request.connectTimeoutMs > 0 ? started + request.connectTimeoutMs : Number.POSITIVE_INFINITY;
    this.port = request.origin.port;
  }

  start(): void {
    const target = this.wire.redirectDial(this.origin);
    this.port = target.port;
    const { permit, clock } = this.wire;
    const refusal = permit.refuses(this.origin.host, "") ?? permit.refuses(target.host, "");
    if (refusal !== null) {
      this.end();
      this.listener.undialled(codes.blockedHost, `${target.host} may not be dialled: ${refusal}`, this, clock.now());
      return;
    }
    this.dialled = target.host;
    this.watch(this.until);
    this.wire.resolver.resolve(target.host, (resolution) => this.resolved(resolution));
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
    if (this.over || socket !== this.socket) return;
    const now = this.wire.clock.now();
    this.closePhase(now);
    this.connected = true;
    if (this.trust === null) this.finish(socket, now);
    // The handshake may take what is left of the whole.
    else this.watch(this.until);
  }

  /** TLS is up on a socket of this dial. */
  tlsConnected(socket: TLSSocket): void {
    if (this.over || socket !== this.socket) return;
    const now = this.wire.clock.now();
    this.closePhase(now);
    this.tlsVersion = nameTlsVersion(socket.getProtocol());
    this.finish(socket, now);
  }

  /** A socket of this dial ended or broke before it could be used. */
  socketFailed(socket: Socket, error: NodeJS.ErrnoException): void {
    if (this.over || socket !== this.socket) return;
    if (this.connected) {
      const code = codeOfHandshake(error);
      this.attemptFailed(code, `TLS handshake with ${this.name()} failed: ${describeHandshake(error)}`);
    } else {
      const code = codeOfDial(error);
      const what = code === codes.dialRefused ? "refused" : `failed: ${error.code ?? error.message}`;
      this.attemptFailed(code, `connection to ${this.name()} ${what}`);
    }
  }

  private resolved(resolution: Resolution): void {
    if (this.over) return;
    const now = this.wire.clock.now();
    this.closePhase(now);
    if (resolution.code !== 0) {
      this.end();
      this.listener.undialled(resolution.code, resolution.message, this, now);
      return;
    }
    this.addresses = resolution.addresses;
    this.tryNext(now);
  }

  private tryNext(now: number): void {
    for (;;) {
      const address = this.addresses[this.next];
      if (address === undefined || now >= this.until) {
        this.end();
        this.listener.undialled(this.code, this.message, this, now);
        return;
      }
      this.next++;
      this.address = address;
      const refusal = this.wire.permit.refuses(this.dialled, address);
      if (refusal !== null) {
        this.code = codes.blockedAddress;
        this.message = `${this.name()} may not be dialled: ${refusal}`;
        continue;
      }
      if (!this.wire.permit.maySend(now)) {
        this.end();
        this.listener.forbidden(this, now);
        return;
      }
      const untried = this.addresses.length - this.next + 1;
      this.watch(now + (this.until - now) / untried);
      this.connected = false;
      this.socket = openSocket(
        this.origin,
        address,
        this.port,
        this.trust,
        this.wire.heads.buffer,
        this.wire.sockets,
        this.listener,
      );
      return;
    }
  }

  private attemptFailed(code: number, message: string): void {
    const now = this.wire.clock.now();
    this.code = code;
    this.message = message;
    this.closePhase(now);
    this.socket?.destroy();
    this.socket = null;
    // An address that speaks TCP is the right one: its TLS trouble is the answer.
    if (this.connected) this.next = this.addresses.length;
    this.tryNext(now);
  }

  private timedOut(): void {
    this.alarm = null;
    if (this.over) return;
    if (this.socket === null) {
      const now = this.wire.clock.now();
      this.closePhase(now);
      this.end();
      this.listener.undialled(codes.dialTimeout, `look-up of ${this.origin.host} timed out`, this, now);
      return;
    }
    const what = this.connected ? "TLS handshake with" : "connection to";
    this.attemptFailed(codes.dialTimeout, `${what} ${this.name()} timed out`);
  }

  private closePhase(now: number): void {
    const time = now - this.phaseAt;
    this.phaseAt = now;
    if (this.socket === null) this.blocked += time;
    else if (this.connected) this.tlsHandshaking += time;
    else this.connecting += time;
  }

  private finish(socket: Socket, now: number): void {
    this.socket = null;
    this.end();
    this.listener.dialled(socket, this, now);
  }

  private end(): void {
    this.over = true;
    this.alarm?.cancel();
    this.alarm = null;
  }

  private watch(time: number): void {
    this.alarm?.cancel();
    this.alarm = time === Number.POSITIVE_INFINITY ? null : this.wire.clock.at(time, () => this.timedOut());
  }

  private name(): string {
    const { host } = this.origin;
    const address = this.address.includes(":") ? `[${this.address}]` : this.address;
    return host === this.address ? `${address}:${this.port}` : `${host} (${address}:${this.port})`;
  }
}
