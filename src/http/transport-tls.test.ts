import { createServer as createHttpsServer, type ServerOptions } from "node:https";
import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import {
  answering,
  certificate,
  clock,
  key,
  listening,
  noTls,
  ok,
  open,
  phases,
  serve,
  wire,
  within,
} from "../../test/support/transport.ts";

describe("TLS", () => {
  const server = { cert: certificate, key };
  const trusting = { ...noTls, ca: certificate };

  async function serveTls(settings: ServerOptions = server): Promise<{ port: number; reused: boolean[] }> {
    const reused: boolean[] = [];
    const https = createHttpsServer(settings, (_request, response) => response.end("safe"));
    https.on("secureConnection", (socket) => reused.push(socket.isSessionReused()));
    return { port: await listening(https), reused };
  }

  it("verifies, names its version, and keeps the connection", async () => {
    const { port, reused } = await serveTls();
    const { client } = open();
    const request = wire(port, { secure: true, host: "localhost", tls: trusting });
    const first = await client.exchange(request, within());
    expect([first.code, first.body?.toString(), first.tlsVersion]).toEqual([0, "safe", "tls1.3"]);
    expect(first.tlsHandshaking).toBeGreaterThan(0);
    expect(phases(first)).toBeCloseTo(first.endedAt - first.startedAt, 3);
    const second = await client.exchange({ ...request, tls: { ...trusting } }, within());
    expect([second.status, second.tlsHandshaking, second.tlsVersion]).toEqual([200, 0, "tls1.3"]);
    expect(reused).toEqual([false]);
  });

  it("resumes sessions on new connections", async () => {
    const { port, reused } = await serveTls();
    const { client } = open();
    const request = wire(port, { secure: true, host: "localhost", tls: trusting });
    await client.exchange(request, within());
    await client.exchange(request, within());
    client.closeIdle();
    expect((await client.exchange(request, within())).status).toBe(200);
    expect(reused).toEqual([false, true]);
  });

  it("speaks TLS 1.2", async () => {
    const { port } = await serveTls({ ...server, maxVersion: "TLSv1.2" });
    const { client } = open();
    const exchange = await client.exchange(wire(port, { secure: true, host: "localhost", tls: trusting }), within());
    expect([exchange.status, exchange.tlsVersion]).toEqual([200, "tls1.2"]);
  });

  it("an unknown issuer is 1310, unless nothing is verified", async () => {
    const { port } = await serveTls();
    const { client } = open();
    const request = wire(port, { secure: true, host: "localhost" });
    const exchange = await client.exchange(request, within());
    expect([exchange.code, exchange.counted]).toEqual([1310, true]);
    expect(exchange.message).toBe(
      `TLS handshake with localhost (127.0.0.1:${port}) failed: self-signed certificate; name the authority in tls.ca, or switch verification off with tls.verify: false or --insecure`,
    );
    expect((await client.exchange({ ...request, tls: { ...noTls, verify: false } }, within())).status).toBe(200);
    expect((await client.exchange(request, within())).code).toBe(1310);
  });

  it("a server that speaks no TLS is named without OpenSSL's source lines", async () => {
    const server = createServer((socket) => socket.on("error", () => undefined).end("HTTP/1.1 400 Bad\r\n\r\n"));
    const port = await listening(server);
    const { client } = open();
    const exchange = await client.exchange(wire(port, { secure: true }), within());
    expect([exchange.code, exchange.message]).toEqual([
      1300,
      `TLS handshake with 127.0.0.1:${port} failed: wrong version number`,
    ]);
  });

  it("a certificate for another name is 1311; the name is the request's, whatever is dialled", async () => {
    const { port } = await serveTls();
    const { client } = open({ hosts: { "shop.test": "127.0.0.1" } });
    expect((await client.exchange(wire(port, { secure: true, host: "shop.test", tls: trusting }), within())).code).toBe(
      1311,
    );
    expect((await client.exchange(wire(port, { secure: true, tls: trusting }), within())).status).toBe(200);
  });

  it("a client certificate is shown", async () => {
    const { port } = await serveTls({ ...server, requestCert: true, rejectUnauthorized: true, ca: certificate });
    const { client } = open();
    const request = wire(port, { secure: true, host: "localhost", tls: { ...trusting, cert: certificate, key } });
    expect((await client.exchange(request, within())).status).toBe(200);
    const without = await client.exchange({ ...request, tls: trusting }, within());
    expect(without.code).toBeGreaterThanOrEqual(1200);
  });

  it("a server that speaks no TLS is 1300, one that says nothing 1211, broken settings 1300", async () => {
    const plain = await serve(answering(() => ok));
    const greeted = Promise.withResolvers<void>();
    const silent = await serve((socket) => socket.once("data", () => greeted.resolve()));
    const closing = await serve((socket) => socket.end());
    const { client } = open();
    const secure = { secure: true, tls: trusting };
    expect((await client.exchange(wire(plain.port, secure), within())).code).toBe(1300);
    expect((await client.exchange(wire(closing.port, secure), within())).code).toBe(1300);
    const stalling = client.exchange(wire(silent.port, { ...secure, connectTimeoutMs: 50_000 }), within());
    await greeted.promise;
    clock.turn(50_000);
    const stalled = await stalling;
    expect([stalled.code, stalled.message]).toEqual([1211, `TLS handshake with 127.0.0.1:${silent.port} timed out`]);
    const broken = await client.exchange(
      wire(1, { secure: true, tls: { ...noTls, ca: "no PEM", cert: "x", key: "y" } }),
      within(),
    );
    expect([broken.code, broken.message.startsWith("tls settings of the request: ")]).toEqual([1300, true]);
  });
});
