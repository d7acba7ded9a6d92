import { connect, isIP, type Socket, type SocketConstructorOpts } from "node:net";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import type { Origin } from "./exchange.ts";
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

const link: unique symbol = Symbol("link");

/** Whom a socket tells. Kept on the socket, so that its listeners are the same functions for all: thousands are open. */
interface LinkedSocket extends Socket {
  [link]: { readonly events: SocketEvents; readonly count: SocketCount };
}

/** Opens a socket to an address (no name) whose bytes are read into `buffer` without allocating. */
export function openSocket(
  origin: Origin,
  address: string,
  port: number,
  trust: Trust | null,
  buffer: Buffer,
  count: SocketCount,
  events: SocketEvents,
): Socket {
  const onread = {
    buffer,
    callback(length: number): boolean {
      events.received(socket, length);
      return true;
    },
  };
  let socket: Socket;
  if (trust === null) {
    socket = connect({ host: address, port, noDelay: true, onread });
  } else {
    const tls = loadTls();
    // TLS sockets take `onread` as plain ones do, which their type does not say.
    const options: ConnectionOptions & Pick<SocketConstructorOpts, "onread"> = {
      host: address,
      port,
      servername: isIP(origin.host) === 0 ? origin.host : undefined,
      ALPNProtocols: ["http/1.1"],
      secureContext: trust.context,
      session: trust.sessionOf(origin.key),
      rejectUnauthorized: trust.verify,
      checkServerIdentity: (_name, certificate) => tls.checkServerIdentity(origin.host, certificate),
      onread,
    };
    const secure = tls.connect(options);
    secure.once("secureConnect", () => events.secured(secure));
    secure.on("session", (session) => trust.keepSession(origin.key, session));
    socket = secure;
    socket.setNoDelay(true);
  }
  count.opened();
  const linked: LinkedSocket = Object.assign(socket, { [link]: { events, count } });
  linked.on("connect", onConnect);
  linked.on("drain", onDrain);
  linked.on("end", onEnd);
  linked.on("error", onError);
  linked.on("close", onClose);
  return socket;
}

function onConnect(this: LinkedSocket): void {
  this[link].events.connected(this);
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
