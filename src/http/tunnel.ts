import type { Socket } from "node:net";
import { AnswerReader, broken, more } from "./answer-reader.ts";
import { nameOrigin, type Origin, type Proxy } from "./exchange.ts";
import type { Wire } from "./wire.ts";

/** How answers of proxies are read. */
export type TunnelWire = Pick<Wire, "limits" | "heads">;

/** The way through a proxy to an origin: CONNECT, and its answer. */
export class Tunnel {
  private readonly wire: TunnelWire;
  private readonly reader: AnswerReader;

  constructor(wire: TunnelWire) {
    this.wire = wire;
    this.reader = new AnswerReader(wire.limits, wire.heads);
  }

  ask(socket: Socket, origin: Origin, { authorization }: Proxy): void {
    const target = nameOrigin(origin);
    let head = `CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\n`;
    if (authorization !== null) head += `proxy-authorization: ${authorization}\r\n`;
    // Of an answer to CONNECT only the head is the proxy's, as of one to HEAD.
    this.reader.begin({ head: true, keepHeaders: false, keepBody: false, expects: () => true });
    socket.write(`${head}\r\n`);
  }

  /** Reads bytes of the shared buffer; null: the answer goes on; empty: the way is open; else why there is none. */
  read(count: number): string | null {
    const { reader } = this;
    const next = reader.read(this.wire.heads.buffer, 0, count);
    if (next === more) return null;
    if (next === broken) return `answered CONNECT with no HTTP: ${reader.problem}`;
    if (reader.status === 407) return "wants to know who asks (407); write proxy: http://USER:PASSWORD@HOST:PORT";
    if (reader.status < 200 || reader.status > 299) return `refused CONNECT with status ${reader.status}`;
    return next === count ? "" : "sent bytes that nobody asked for after its answer to CONNECT";
  }
}
