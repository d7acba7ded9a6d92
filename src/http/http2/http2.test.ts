import { createSecureServer, createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import type { Server, Socket } from "node:net";
import { describe, expect, it, test } from "vitest";
import { message } from "../../../test/support/http2-server.ts";
import {
  answering,
  certificate,
  clock,
  key,
  listening,
  noTls,
  ok,
  open,
  outcome,
  phases,
  serve,
  within,
} from "../../../test/support/transport.ts";

const trusting = { ...noTls, ca: certificate };
const secure = { secure: true, tls: trusting } as const;

type Answer = (stream: ServerHttp2Stream, path: string) => void;

/** A node:http2 server, over TLS or not; counts its sessions. */
async function serveHttp2(
  answer: Answer,
  { tls = false, settings = {} }: { readonly tls?: boolean; readonly settings?: object } = {},
): Promise<{ readonly port: number; sessions: number }> {
  const server: Http2Server = tls
    ? (createSecureServer({ cert: certificate, key, settings }) as unknown as Http2Server)
    : createServer({ settings });
  const seen = { port: 0, sessions: 0 };
  server.on("session", () => seen.sessions++);
  server.on("stream", (stream, headers) => {
    stream.on("error", () => undefined);
    answer(stream, String(headers[":path"]));
  });
  seen.port = await listening(server as unknown as Server);
  return seen;
}

const hello: Answer = (stream) => {
  stream.respond({ ":status": 200, "x-kind": "test", "set-cookie": ["a=1", "b=2"] });
  stream.end("hello");
};

describe("HTTP/2", () => {
  it("without TLS, by prior knowledge: status, headers, body, bytes and times", async () => {
    const server = await serveHttp2(hello);
    const { client } = open();
    const first = await client.exchange(message(server.port), within());
    expect(first).toMatchObject({
      code: 0,
      message: "",
      counted: true,
      status: 200,
      proto: "HTTP/2.0",
      tlsVersion: "",
    });
    expect(first.body?.toString()).toBe("hello");
    expect(first.headers).toEqual(expect.arrayContaining(["x-kind", "test", "set-cookie", "a=1", "b=2"]));
    expect(first.headers).not.toContain(":status");
    expect(first.connecting).toBeGreaterThan(0);
    expect(first.bytesSent).toBeGreaterThan(24);
    expect(first.bytesReceived).toBeGreaterThan(9);
    expect(phases(first)).toBeCloseTo(first.endedAt - first.startedAt, 3);
    const second = await client.exchange(message(server.port), within());
    expect([second.status, second.connecting]).toEqual([200, 0]);
    expect(phases(second)).toBeCloseTo(second.endedAt - second.startedAt, 3);
    expect(server.sessions).toBe(1);
  });

  it("over TLS by ALPN, asked for or chosen by `auto`; a thousand exchanges at once share one connection", async () => {
    const server = await serveHttp2(hello, { tls: true });
    const { client } = open();
    const asked = await client.exchange(message(server.port, secure), within());
    expect([asked.proto, asked.tlsVersion, asked.body?.toString()]).toEqual(["HTTP/2.0", "tls1.3", "hello"]);
    const chosen = await Promise.all(
      Array.from({ length: 1000 }, () =>
        client.exchange(message(server.port, { ...secure, required: false }), within()),
      ),
    );
    expect(new Set(chosen.map(({ proto, status }) => `${proto} ${status}`))).toEqual(new Set(["HTTP/2.0 200"]));
    // `2` and `auto` offer different things, so each has its own.
    expect(server.sessions).toBe(2);
  });

  it("obeys the server's number of streams at a time", async () => {
    let running = 0;
    let most = 0;
    const server = await serveHttp2(
      (stream) => {
        most = Math.max(most, ++running);
        setImmediate(() => {
          running--;
          stream.respond({ ":status": 204 }, { endStream: true });
        });
      },
      { settings: { maxConcurrentStreams: 3 } },
    );
    const { client } = open();
    await client.exchange(message(server.port), within());
    const all = await Promise.all(Array.from({ length: 40 }, () => client.exchange(message(server.port), within())));
    expect(all.every(({ status }) => status === 204)).toBe(true);
    expect([most, server.sessions]).toEqual([3, 1]);
    for (const each of all) expect(phases(each)).toBeCloseTo(each.endedAt - each.startedAt, 3);
  });

  it("sends a body larger than any window, and reads one", async () => {
    const server = await serveHttp2((stream) => {
      let length = 0;
      stream.on("data", (bytes: Buffer) => (length += bytes.length));
      stream.on("end", () => {
        stream.respond({ ":status": 200, "x-length": String(length) });
        stream.end(Buffer.alloc(900_000, 97));
      });
    });
    const { client } = open();
    const payload = Buffer.alloc(3_000_000, 98);
    const exchange = await client.exchange(message(server.port, { method: "POST", payload }), within());
    expect([exchange.status, exchange.body?.length]).toEqual([200, 900_000]);
    expect(exchange.headers).toEqual(expect.arrayContaining(["x-length", "3000000"]));
    expect(exchange.bytesSent).toBeGreaterThan(3_000_000);
    expect(phases(exchange)).toBeCloseTo(exchange.endedAt - exchange.startedAt, 3);
  });

  it("an answer that comes before the body is sent is the answer", async () => {
    const server = await serveHttp2((stream) => {
      stream.respond({ ":status": 413 });
      stream.end("no");
    });
    const { client } = open();
    const payload = Buffer.alloc(8_000_000);
    const exchange = await client.exchange(message(server.port, { method: "POST", payload }), within());
    expect([exchange.code, exchange.status, exchange.body?.toString()]).toEqual([0, 413, "no"]);
  });

  it("trailers are no headers, informational answers none at all", async () => {
    const server = await serveHttp2((stream) => {
      stream.additionalHeaders({ ":status": 103, link: "</a.css>" });
      stream.respond({ ":status": 200 }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "x-sum": "1" }));
      stream.end("body");
    });
    const { client } = open();
    const exchange = await client.exchange(message(server.port), within());
    expect([exchange.status, exchange.body?.toString()]).toEqual([200, "body"]);
    expect(exchange.headers).not.toContain("x-sum");
    expect(exchange.headers).not.toContain("link");
  });

  it("bodies and headers beyond their limits fail the exchange, and only it", async () => {
    const server = await serveHttp2((stream, path) => {
      stream.respond(path === "/head" ? { ":status": 200, "x-large": "a".repeat(20_000) } : { ":status": 200 });
      stream.end(path === "/body" ? Buffer.alloc(60_000) : "ok");
    });
    const { client } = open({ maxHeader: 10_000, maxBody: 50_000 });
    const body = await client.exchange(message(server.port, { path: "/body" }), within());
    expect(outcome(body)).toEqual([
      1000,
      200,
      `bad answer from 127.0.0.1:${server.port}: its body is larger than max_body (50000 bytes)`,
    ]);
    const head = await client.exchange(message(server.port, { path: "/head" }), within());
    expect([head.code, head.message.includes("max_header (10000 bytes)")]).toEqual([1642, true]);
    const unread = await client.exchange(message(server.port, { path: "/body", keepBody: false }), within());
    expect([unread.code, unread.status, unread.body]).toEqual([0, 200, null]);
    expect(server.sessions).toBe(1);
  });

  it("one exchange for each connection where connections are not kept", async () => {
    const server = await serveHttp2(hello);
    const { client } = open();
    const all = await Promise.all(
      [1, 2, 3].map(() => client.exchange(message(server.port, { lastOnConnection: true }), within())),
    );
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(server.sessions).toBe(3);
  });
});

test("a server that asks for a client's certificate after the handshake of TLS 1.3 fails the exchange at once", async () => {
  const options = { cert: certificate, key, requestCert: true, rejectUnauthorized: true };
  const port = await listening(createSecureServer(options) as unknown as Server);
  const { client } = open();
  const exchange = await client.exchange(message(port, secure), within());
  expect([exchange.code, exchange.counted]).toEqual([1300, true]);
  expect(exchange.message).toContain("asks for a client certificate; give tls.cert and tls.key");
});

describe("HTTP/2 that is not spoken", () => {
  it("`auto` falls back to HTTP/1.1 on the connection that is up, and keeps it", async () => {
    let accepted = 0;
    const https = createHttpsServer({ cert: certificate, key }, (_request, response) => response.end("one"));
    https.on("secureConnection", () => accepted++);
    const port = await listening(https);
    const { client } = open();
    const request = message(port, { ...secure, required: false });
    const first = await client.exchange(request, within());
    expect([first.proto, first.body?.toString(), first.tlsVersion]).toEqual(["HTTP/1.1", "one", "tls1.3"]);
    expect(first.tlsHandshaking).toBeGreaterThan(0);
    expect(phases(first)).toBeCloseTo(first.endedAt - first.startedAt, 3);
    expect((await client.exchange(request, within())).proto).toBe("HTTP/1.1");
    expect(accepted).toBe(1);
    client.closeIdle();
    const many = await Promise.all([1, 2, 3].map(() => client.exchange(request, within())));
    expect(many.map(({ proto, code }) => `${proto} ${code}`)).toEqual(["HTTP/1.1 0", "HTTP/1.1 0", "HTTP/1.1 0"]);
  });

  it("`2` against a TLS server of HTTP/1.1 says what to write", async () => {
    const https = createHttpsServer({ cert: certificate, key, ALPNProtocols: ["http/1.1"] }, (_q, r) => r.end());
    const port = await listening(https);
    const { client } = open();
    const exchange = await client.exchange(message(port, secure), within());
    expect([exchange.code, exchange.counted]).toEqual([1600, true]);
    expect(exchange.message).toContain("does not speak HTTP/2; write http_version: auto");
  });

  it("`2` against a plain server of HTTP/1.1 says what to write", async () => {
    const server = await serve(answering(() => ok));
    const { client } = open();
    const exchange = await client.exchange(message(server.port), within());
    expect(outcome(exchange)).toEqual([
      1600,
      0,
      `127.0.0.1:${server.port} did not answer as HTTP/2: it does not speak HTTP/2 without TLS; write http_version: 1.1`,
    ]);
  });

  it("`auto` without TLS is HTTP/1.1", async () => {
    const server = await serve(answering(() => ok));
    const { client } = open();
    const exchange = await client.exchange(message(server.port, { required: false }), within());
    expect([exchange.status, exchange.proto]).toEqual([200, "HTTP/1.1"]);
  });

  it("nobody listens: 1212; nobody answers: 1050, and the next gets a new connection", async () => {
    const { client } = open();
    const refused = await client.exchange(message(1), within());
    expect([refused.code, refused.counted]).toEqual([1212, true]);
    const sockets: Socket[] = [];
    const silent = await serve((socket) => sockets.push(socket));
    for (const dials of [1, 2]) {
      const running = client.exchange(message(silent.port), within(80_000));
      await expect.poll(() => silent.accepted).toBe(dials);
      clock.turn(80_000);
      const late = await running;
      expect([late.code, late.counted]).toEqual([1050, true]);
    }
  });

  it("an abort interrupts what runs and what waits", async () => {
    const server = await serveHttp2(() => undefined, { settings: { maxConcurrentStreams: 1 } });
    const { client, abort } = open();
    const all = [1, 2, 3].map(() => client.exchange(message(server.port), within()));
    await expect.poll(() => server.sessions).toBe(1);
    abort.abort();
    expect((await Promise.all(all)).map(({ interrupted }) => interrupted)).toEqual([true, true, true]);
  });
});
