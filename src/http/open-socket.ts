import { connect, isIP, type Socket, type SocketConstructorOpts } from "node:net";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import { loadTls, type Trust } from "./tls.ts";

/** What a socket tells its owner. Each call names the socket: one that was given up may still have something to say. */
export interface SocketEvents {
  /** TCP is up. */
  connected(socket: Socket): void;
  /** TLS is up. Never for plain sockets. */
  secured(socket: TLSSocket): void;
  /** `count` bytes stand at the start of the shared read buffer, until this returns. */
  received(socket: Socket, count: number): void;
  /** Everything is handed to the kernel after a write had to wait. */
  drained(socket: Socket): void;
  /** The peer has closed its side. */
  ended(socket: Socket): void;
  failed(socket: Socket, error: Error): void;
}

/** Counts the sockets of a transport. */
export interface SocketCount {
  opened(): void;
  closed(): void;
}

/** Where a socket goes. */
export interface SocketTarget {
  /** An address, no name. */
  readonly address: string;
  readonly port: number;
  /** The address of this machine that it comes from; undefined: the system chooses. */
  readonly source: string | undefined;
  /** null: plain TCP. */
  readonly tls: SocketTls | null;
}

export interface SocketTls {
  readonly trust: Trust;
  /** Who the server is asked for, and the certificate has to be for. */
  readonly name: string;
  /** Under which its sessions are kept. */
  readonly key: string;
  /** What is offered by ALPN. */
  readonly protocols: readonly string[];
}

const link: unique symbol = Symbol("link");

/** Whom a socket tells. Kept on the socket, so that its listeners are the same functions for all: thousands are open. */
interface LinkedSocket extends Socket {
  [link]: { events: SocketEvents; readonly count: SocketCount };
}

/** Opens a socket whose bytes are read into `buffer` without allocating. */
export function openSocket(target: SocketTarget, buffer: Buffer, count: SocketCount, events: SocketEvents): Socket {
  const { address, port, source, tls } = target;
  const onread = {
    buffer,
    callback(length: number): boolean {
      linked[link].events.received(linked, length);
      return true;
    },
  };
  const where = { host: address, port, localAddress: source, noDelay: true, onread };
  const socket = tls === null ? connect(where) : secure(tls, where);
  const linked = linkSocket(socket, count, events);
  return socket;
}

/** Speaks TLS over a socket that is up, which ends with it. */
export function openSecureOver(
  through: Socket,
  tls: SocketTls,
  buffer: Buffer,
  count: SocketCount,
  events: SocketEvents,
): Socket {
  const linked = linkSocket(secure(tls, { socket: through }), count, events);
  // Node reads such a socket into buffers of its own.
  linked.on("data", (bytes: Buffer) => {
    for (let at = 0; at < bytes.length && !linked.destroyed; at += buffer.length) {
      linked[link].events.received(linked, bytes.copy(buffer, 0, at));
    }
  });
  return linked;
}

/** From now on a socket tells somebody else. */
export function passSocket(socket: Socket, events: SocketEvents): void {
  (socket as LinkedSocket)[link].events = events;
}

// TLS sockets take `onread` as plain ones do, which their type does not say.
type SecureOptions = ConnectionOptions & Pick<SocketConstructorOpts, "onread">;

function secure({ trust, name, key, protocols }: SocketTls, where: SecureOptions): TLSSocket {
  const tls = loadTls();
  const options: SecureOptions = {
    ...where,
    servername: isIP(name) === 0 ? name : undefined,
    ALPNProtocols: [...protocols],
    secureContext: trust.context,
    session: trust.sessionOf(key),
    rejectUnauthorized: trust.verify,
    checkServerIdentity: (_name, certificate) => tls.checkServerIdentity(name, certificate),
  };
  const socket = tls.connect(options);
  socket.once("secureConnect", onSecure);
  socket.on("session", (session) => trust.keepSession(key, session));
  socket.setNoDelay(true);
  return socket;
}

function linkSocket(socket: Socket, count: SocketCount, events: SocketEvents): LinkedSocket {
  count.opened();
  const linked = socket as LinkedSocket;
  linked[link] = { events, count };
  linked.on("connect", onConnect);
  linked.on("drain", onDrain);
  linked.on("end", onEnd);
  linked.on("error", onError);
  linked.on("close", onClose);
  return linked;
}

function onConnect(this: LinkedSocket): void {
  this[link].events.connected(this);
}

function onSecure(this: TLSSocket): void {
  (this as unknown as LinkedSocket)[link].events.secured(this);
}

function onDrain(this: LinkedSocket): void {
  this[link].events.drained(this);
}

function onEnd(this: LinkedSocket): void {
  this[link].events.ended(this);
}

function onError(this: LinkedSocket, error: Error): void {
  this[link].events.failed(this, error);
}

function onClose(this: LinkedSocket): void {
  this[link].count.closed();
}
