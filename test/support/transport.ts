import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo, Server, Socket } from "node:net";
import { expect, onTestFinished } from "vitest";
import type { Exchange, HttpClient, Transport, WireRequest } from "../../src/http/exchange.ts";
import { createTransport, type TransportOptions } from "../../src/http/transport.ts";
import type { Permit } from "../../src/protocol/ports.ts";
import { defaultTls } from "../../src/protocol/tls.ts";
import { createHandRung } from "./hand-rung.ts";
import { type RawServer, startRawServer } from "./raw-server.ts";

const options: TransportOptions = { maxHeader: 65_536, maxBody: 1_000_000, dnsTtlMs: 60_000, hosts: {}, sources: [] };
const openPermit: Permit = { maySend: () => true, refuses: () => null };
export const noTls = defaultTls;
export const certificate = readFileSync(new URL("./tls/localhost.cert.pem", import.meta.url), "utf8");
export const key = readFileSync(new URL("./tls/localhost.key.pem", import.meta.url), "utf8");
export const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** Of every transport that `open` makes. */
export const clock = createHandRung();

interface Under {
  readonly transport: Transport;
  readonly client: HttpClient;
  readonly abort: AbortController;
}

/** A transport with one client, closed when the test ends: no socket and no alarm may be left then. */
export function open(changes: Partial<TransportOptions> = {}, permit: Permit = openPermit): Under {
  const transport = createTransport({ ...options, ...changes }, { clock, permit });
  onTestFinished(async () => {
    await transport.close();
    expect(clock.pending).toBe(0);
  });
  const abort = new AbortController();
  return { transport, client: transport.client(abort.signal), abort };
}

/** A raw server that is closed when the test ends. */
export async function serve(onConnection: (socket: Socket) => void): Promise<RawServer> {
  const server = await startRawServer(onConnection);
  onTestFinished(() => server.close());
  return server;
}

/** Answers each piece that comes, the n-th of a connection with `answers(n)`. */
export function answering(answers: (n: number) => string): (socket: Socket) => void {
  return (socket) => {
    let n = 0;
    socket.on("data", () => socket.write(answers(n++), "latin1"));
  };
}

/** A request to a port of 127.0.0.1, everything kept, that may be sent again. */
export function wire(
  port: number,
  changes: Partial<WireRequest> & { host?: string; secure?: boolean; method?: string } = {},
): WireRequest {
  const { host = "127.0.0.1", secure = false, method = "GET", ...rest } = changes;
  return {
    origin: { secure, host, port, key: `${secure ? "https" : "http"}://${host}:${port}` },
    bytes: Buffer.from(`${method} / HTTP/1.1\r\nHost: test\r\n\r\n`),
    head: method === "HEAD",
    retriable: true,
    keepHeaders: true,
    keepBody: true,
    expects: null,
    lastOnConnection: false,
    connectTimeoutMs: farOff,
    tls: noTls,
    proxy: null,
    message: null,
    rest: null,
    ...rest,
  };
}

/** Longer than any test, ms. */
const farOff = 3_600_000;

/** A deadline so many milliseconds from now; by default one that comes only by `clock.turn`. */
export function within(ms = farOff): number {
  return clock.now() + ms;
}

export function outcome(exchange: Exchange): [number, number, string] {
  return [exchange.code, exchange.status, exchange.message];
}

/** All phases together: what must be the time from start to end. */
export function phases({ blocked, connecting, tlsHandshaking, sending, waiting, receiving }: Exchange): number {
  return blocked + connecting + tlsHandshaking + sending + waiting + receiving;
}

/** The port of a server that is closed when the test ends. */
export async function listening(server: Server, host = "127.0.0.1"): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.listen(0, host);
  await once(server, "listening");
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
  return (server.address() as AddressInfo).port;
}
