import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws";
import { certificates } from "../../../test/support/certificates.ts";
import { findSteadyPort } from "../../../test/support/steady-port.ts";
import { startWatchedLoad } from "../../../test/support/watched-load.ts";
import { run } from "../../local/run.ts";
import type { Report } from "../../protocol/report.ts";

interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly sockets: WebSocketServer;
  /** Ends everything at once. */
  kill(): Promise<void>;
}

/** A server of `ws` that does with each connection what is said. */
async function serve(
  onConnection: (socket: WebSocket) => void,
  { port = 0, http = createServer(), ...options }: ServerOptions & { readonly http?: Server } = {},
): Promise<TestServer> {
  const sockets = new WebSocketServer({ ...options, server: http });
  sockets.on("connection", (socket) => {
    socket.on("error", () => undefined);
    onConnection(socket);
  });
  http.listen(port, "127.0.0.1");
  await once(http, "listening");
  const kill = async () => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
    http.closeAllConnections();
    if (!http.listening) return;
    http.close();
    await once(http, "close");
  };
  onTestFinished(kill);
  const bound = (http.address() as AddressInfo).port;
  return { url: `ws://127.0.0.1:${bound}/chat`, port: bound, sockets, kill };
}

const echo = (socket: WebSocket) => socket.on("message", (data, binary) => socket.send(data as Buffer, { binary }));

async function perform(steps: readonly object[], options: object = {}, more: object = {}): Promise<Report> {
  return run({ options: { iterations: 1, vus: 1, ...options }, ...more, steps });
}

const ws = (config: object, more: object = {}) => ({ type: "websocket", config, ...more });
const body = (value: string) => ({ assert: [{ type: "body", value }] });
const count = (report: Report, metric: string) => report.metrics[metric]?.values["count"];
const codes = (report: Report) => report.errors.map(({ code, message }) => `${code}: ${message}`);

test("one connection for all steps of a VU: sent, answered, kept between steps, pinged, closed with a handshake", async () => {
  const closes: [number, string][] = [];
  const server = await serve((socket) => {
    echo(socket);
    socket.send("hello");
    socket.on("close", (code, reason) => closes.push([code, reason.toString()]));
  });
  const { url } = server;
  const report = await perform(
    [
      ws({ url, action: "connect" }),
      ws({ url, action: "receive" }, body("hello")),
      ws({ url, data: "登录 ${vu.id}" }),
      ws({ url, json: { id: 7, name: "${vu.id}" } }),
      ws({ url, count: 2 }, { id: "two", assert: [{ type: "regex", path: "^登录 1\n\\{", operator: "exists" }] }),
      ws({ url, data: "00 ff 0a", encoding: "hex", count: 1 }, body("00ff0a")),
      ws({ url, data: "AP8K", encoding: "base64", count: 1 }, { id: "bin", ...body("AP8K") }),
      ws(
        { url, data: "${two.output.messages[1].json.id} ${two.output.count} ${bin.output.binary}", count: 1 },
        body("7 2 true"),
      ),
      ws({ url, action: "ping" }),
      ws(
        { url, action: "close", code: 4001, reason: "再见" },
        { assert: [{ type: "json", path: "$.code", value: 4001 }] },
      ),
    ],
    { iterations: 2 },
  );
  expect(codes(report)).toEqual([]);
  expect(report.checks.map(({ passes }) => passes)).toEqual([2, 2, 2, 2, 2, 2]);
  expect(closes).toEqual([
    [4001, "再见"],
    [4001, "再见"],
  ]);
  expect(count(report, "ws_sessions")).toBe(2);
  expect(count(report, "ws_connecting")).toBe(2);
  expect(count(report, "ws_session_duration")).toBe(2);
  expect(count(report, "ws_ping")).toBe(2);
  expect(count(report, "ws_msgs_sent")).toBe(10);
  expect(count(report, "ws_msgs_received")).toBe(12);
  expect(count(report, "ws_msgs_dropped") ?? 0).toBe(0);
});

test("waiting for a match passes over what does not match, and extracts from what does", async () => {
  const server = await serve((socket) =>
    socket.on("message", (data) => {
      const { id } = JSON.parse((data as Buffer).toString()) as { id: number };
      for (const n of [1, 2, 3]) socket.send(JSON.stringify({ type: "tick", n }));
      socket.send(
        JSON.stringify({ type: "fill", order: { id, price: 12345678901234567890n.toString() }, tags: ["a", "b"] }),
      );
      socket.send("price 12.50");
    }),
  );
  const { url } = server;
  const report = await perform(
    [
      ws(
        {
          url,
          json: { id: "${iteration + 1}" },
          match: { json: { type: "fill", order: { id: "${iteration + 1}" }, tags: ["a", "b"] } },
        },
        { id: "fill", extract: [{ name: "price", from: "json", path: "$.order.price" }] },
      ),
      ws({ url, match: { contains: "price", regex: "\\d+\\.\\d\\d$" } }, body("price 12.50")),
      ws(
        { url, json: { id: 1 }, match: "fill" },
        { assert: [{ type: "json", path: "$.order.price", value: "${price}" }] },
      ),
      ws({ url, match: "${'price'}" }),
    ],
    { iterations: 3 },
  );
  expect(codes(report)).toEqual([]);
  expect(report.checks.map(({ passes }) => passes)).toEqual([3, 3]);
  expect(count(report, "ws_msgs_received")).toBe(30);
});

test("what nobody receives is bounded in count and bytes, and what is dropped is counted", async () => {
  const server = await serve((socket) => {
    for (let n = 0; n < 100; n++) socket.send(`${n}`.padStart(100, "0"));
    socket.send("end");
    echo(socket);
  });
  const { url } = server;
  const report = await perform([
    ws({ url, name: "few", max_messages: 10, action: "connect" }),
    ws({ url, name: "small", max_bytes: "1kB", action: "connect" }),
    // The pong comes behind all that was sent before it.
    ws({ name: "few", action: "ping" }),
    ws({ name: "small", action: "ping" }),
    ws({ name: "few", action: "receive" }, body("91".padStart(100, "0"))),
    ws({ name: "small", action: "receive" }, body("91".padStart(100, "0"))),
  ]);
  expect(codes(report)).toEqual([]);
  expect(count(report, "ws_msgs_dropped")).toBe(91 + 91);
});

test.each([
  ["401", /^http_401: the upgrade of http:\/\/127\.0\.0\.1:\d+\/chat was answered with 401$/],
  ["403", /^http_403: /],
  ["302", /^http_302: .* redirects are not followed, write the URL it leads to$/],
  ["200", /^http_200: /],
])("an upgrade that is answered with %s fails, and the socket is gone", async (status, expected) => {
  const http = createServer();
  http.on("upgrade", (_request, socket) =>
    socket.end(`HTTP/1.1 ${status} No\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n`),
  );
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  onTestFinished(() => void http.close());
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/chat`;
  const report = await perform([ws({ url, data: "x" })], { iterations: 3 });
  expect(report.errors).toMatchObject([{ count: 3 }]);
  expect(codes(report)[0]).toMatch(expected);
  const connections = () => new Promise((resolve) => http.getConnections((_error, open) => resolve(open)));
  await expect.poll(connections).toBe(0);
});

test("headers go with the upgrade, those of options.http too; base_url, domains and hosts hold", async () => {
  const seen: unknown[] = [];
  const server = await serve((socket) => echo(socket), {
    verifyClient: ({ req }: { readonly req: IncomingMessage }) => {
      const { host, "x-own": own, "x-all": all, authorization } = req.headers;
      seen.push([req.url, host, own, all, authorization]);
      return true;
    },
  });
  const http = {
    base_url: "http://api.test:81",
    domains: { other: "ws://other.test:81/deep" },
    hosts: { "api.test": `127.0.0.1:${server.port}`, "other.test": `localhost:${server.port}` },
    headers: { "X-All": "all" },
    auth: { bearer: "token" },
  };
  const report = await perform(
    [
      ws({ url: "/a?b=${vu.id}", headers: { "X-Own": "${vu.id}" }, data: "1", count: 1 }),
      ws({ url: "b", domain: "other", headers: { "X-All": "mine" }, data: "1", count: 1 }),
    ],
    { http },
  );
  expect(codes(report)).toEqual([]);
  expect(seen).toEqual([
    ["/a?b=1", "api.test:81", "1", "all", "Bearer token"],
    ["/deep/b", "other.test:81", undefined, "mine", "Bearer token"],
  ]);
});

test("subprotocols: one that is taken, and a server that takes none", async () => {
  const taken: string[] = [];
  const picky = await serve((socket) => taken.push(socket.protocol), {
    handleProtocols: (offered) => [...offered][1] ?? false,
  });
  const none = await serve(() => undefined, { handleProtocols: () => false });
  const config = { action: "connect", subprotocols: ["v1", "v2.${vu.id}"] };
  expect(codes(await perform([ws({ ...config, url: picky.url })]))).toEqual([]);
  expect(taken).toEqual(["v2.1"]);
  const report = await perform([ws({ ...config, url: none.url })]);
  expect(codes(report)[0]).toMatch(/^1000: the upgrade of .* failed: Server sent no subprotocol$/);
});

test("what no request can carry fails the step: names of subprotocols, control characters in headers; Chinese goes as UTF-8", async () => {
  const seen: string[] = [];
  const { url, sockets } = await serve((socket) => socket.close());
  sockets.on("headers", (_headers, { headers }) =>
    seen.push(Buffer.from(String(headers["x-who"]), "latin1").toString()),
  );
  const config = { url, action: "connect" };
  const report = await perform(
    [
      ws({ ...config, headers: { "x-who": "登录 𝄞" } }),
      ws({ ...config, subprotocols: ["${words}"] }, { on_error: "continue" }),
      ws({ ...config, subprotocols: ["a", "a"] }, { on_error: "continue" }),
      ws({ ...config, headers: { "x-who": "${control}" } }),
    ],
    {},
    { variables: { words: "two words", control: "a\u0001" } },
  );
  expect(seen).toEqual(["登录 𝄞"]);
  expect(codes(report).toSorted()).toEqual([
    "template: subprotocols: `a` is no name, or is there twice",
    "template: subprotocols: `two words` is no name, or is there twice",
    "template: the value of header `x-who` holds control characters; remove them",
  ]);
});

test("compressed, fragmented and large messages come whole", async () => {
  const large = "登录𝄞".repeat(20_000);
  const extensions: string[] = [];
  const server = await serve(
    (socket) => {
      extensions.push(socket.extensions);
      socket.on("message", (data) => {
        const text = (data as Buffer).toString();
        // Cut inside a character.
        const bytes = Buffer.from(text);
        socket.send(bytes.subarray(0, 4), { fin: false, binary: false });
        socket.send(bytes.subarray(4, 9), { fin: false, binary: false });
        socket.ping();
        socket.send(bytes.subarray(9), { fin: true, binary: false });
      });
    },
    { perMessageDeflate: { threshold: 0 } },
  );
  const { url } = server;
  const report = await perform(
    [
      ws({ url, compression: true, data: "${text}", count: 1, name: "a" }, body("${text}")),
      ws({ url, data: "${text}", count: 1, name: "b" }, body("${text}")),
    ],
    {},
    { variables: { text: large } },
  );
  expect(codes(report)).toEqual([]);
  expect(extensions).toEqual(["permessage-deflate", ""]);
});

test.each([
  ["plain", false],
  ["a bomb of zeros", true],
])("a message over max_bytes (%s) fails with advice and is not kept", async (_what, compression) => {
  const server = await serve((socket) => socket.send(Buffer.alloc(50_000_000)), { perMessageDeflate: compression });
  const report = await perform([ws({ url: server.url, action: "receive", compression, max_bytes: "100kB" })], {
    iterations: 2,
  });
  expect(report.errors).toMatchObject([{ count: 2, code: "1000" }]);
  expect(codes(report)[0]).toBe("1000: a message is longer than 100000 bytes; raise max_bytes");
});

test("a server that closes while a step waits, one that stalls, one that is not there", async () => {
  const closing = await serve((socket) => socket.on("message", () => socket.close(1008, "nicht erlaubt")));
  const dropping = await serve((socket) => socket.on("message", () => socket.terminate()));
  const silent = await serve(() => undefined);
  const ask = async (url: string, timeout = "50s") =>
    codes(await perform([ws({ url, data: "x", count: 2, timeout })]))[0];
  expect(await ask(closing.url)).toBe("1000: the server closed with 1008 (nicht erlaubt)");
  expect(await ask(dropping.url)).toBe("1000: the connection ended without a close");
  // Time to connect, also on a machine that stands still for a while.
  expect(await ask(silent.url, "4s")).toMatch(/^timeout: 0 of 2 messages came in time/);
  expect(await ask("ws://127.0.0.1:1/")).toBe("1212: connection to 127.0.0.1:1 refused");
});

test("a server that never answers the upgrade is a dial timeout", async () => {
  const http = createServer();
  http.on("upgrade", () => undefined);
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  onTestFinished(() => void http.close());
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/chat`;
  // Time to reach the server, also on a machine that stands still for a while.
  const report = await perform([ws({ url, data: "x", connect_timeout: "4s" })]);
  expect(codes(report)[0]).toMatch(/^1211: the upgrade of .* timed out$/);
});

test("TLS: an authority is trusted, a stranger is not, a client's certificate is shown", async () => {
  const read = (path: string) => readFileSync(path, "utf8");
  const { authority, server: own, slave, stranger } = certificates;
  const http = createTlsServer({
    cert: read(own.cert),
    key: read(own.key),
    ca: read(authority),
    requestCert: true,
    rejectUnauthorized: true,
  });
  const { port } = await serve(echo, { http });
  const url = `wss://127.0.0.1:${port}/`;
  const client = { cert: read(slave.cert), key: read(slave.key) };
  const ask = async (tls: object) => codes(await perform([ws({ url, data: "x", count: 1, tls }, body("x"))]));
  expect(await ask({ ca: read(authority), ...client })).toEqual([]);
  expect(await ask({ verify: false, ...client })).toEqual([]);
  expect((await ask(client))[0]).toMatch(/^1310: TLS handshake with 127\.0\.0\.1:\d+ failed: .*tls\.ca/);
  const wrong = { cert: read(stranger.cert), key: read(stranger.key) };
  expect((await ask({ ca: read(authority), ...wrong }))[0]).toMatch(/^(?:1300|1220|1000|12..): /);
});

test("a server that is killed and comes back: errors are counted, then connections recover", async () => {
  const first = await serve(echo, { port: await findSteadyPort() });
  const load = startWatchedLoad(ws({ url: first.url, data: "x", count: 1 }), 2);
  await load.passMore(10);
  await expect.poll(() => first.sockets.clients.size).toBe(2);
  await first.kill();
  await load.failMore();
  let came = 0;
  await serve(
    (socket) => {
      came++;
      echo(socket);
    },
    { port: first.port },
  );
  await load.recover(5);
  const report = await load.stop();
  expect(came).toBe(2);
  expect(report.errors.length).toBeGreaterThan(0);
  const failed = report.errors.reduce((sum, error) => sum + error.count, 0);
  expect(report.metrics["iterations"]?.values["count"]).toBe(load.passed() + failed);
});

test("a stop cuts a wait short; at the VUs' end each connection is closed with a handshake, or ended", async () => {
  const closes: number[] = [];
  let heard = 0;
  const server = await serve((socket) => {
    socket.on("message", () => heard++);
    socket.on("close", (code) => closes.push(code));
  });
  // Answers nothing, not even a close.
  const deaf = await serve((socket) => socket.pause());
  const stop = new AbortController();
  const workflow = {
    options: { vus: 3, duration: "60s", graceful_stop: "0s" },
    steps: [
      ws({ url: deaf.url, action: "connect" }),
      ws({ url: server.url, data: "here" }),
      ws({ url: server.url, action: "receive" }),
    ],
  };
  const running = run(workflow, { signal: stop.signal });
  // Who has sent something knows that it is connected.
  await expect.poll(() => heard).toBe(3);
  stop.abort();
  const report = await running;
  expect(report.metrics["interrupted_iterations"]?.values["count"]).toBe(3);
  expect(report.errors).toEqual([]);
  expect(count(report, "ws_session_duration")).toBe(6);
  await expect.poll(() => closes).toEqual([1000, 1000, 1000]);
});

test("a receive that ran out of time keeps its connection, a send that waited does not", async () => {
  // Answers nobody before it is told to.
  let answer = (): unknown => undefined;
  const http = createServer((_request, response) => {
    answer();
    response.end();
  });
  const server = await serve(
    (socket) =>
      socket.on("message", (data) => {
        if ((data as Buffer).toString() === "3") socket.send(data as Buffer);
        else answer = () => socket.send(data as Buffer);
      }),
    { http },
  );
  const { url } = server;
  const late = { timeout: "30ms" };
  const report = await perform([
    ws({ url, data: "1" }),
    ws({ url, action: "receive", ...late }, { on_error: "continue" }),
    { type: "http", config: { url: url.replace("ws:", "http:") } },
    ws({ url, action: "receive" }, body("1")),
    ws({ url, data: "2", count: 1, ...late }, { on_error: "continue" }),
    ws({ url, data: "3", count: 1 }, body("3")),
  ]);
  expect(report.checks.map(({ passes }) => passes)).toEqual([1, 1]);
  expect(report.errors.map(({ code }) => code)).toEqual(["timeout", "timeout"]);
  expect(count(report, "ws_sessions")).toBe(2);
});

test.each([
  [{ data: "x" }, "`url` is missing"],
  [{ url: "ftp://a", data: "x" }, "has the scheme `ftp`; use ws:// or wss:// or http:// or https://"],
  [{ url: "/a", data: "x" }, "is relative, and there is no base URL"],
  [{ url: "ws://a", action: "send" }, "`send` needs `data` or `json`"],
  [{ url: "ws://a", data: "x", json: 1 }, "a message is `data` or `json`; keep one"],
  [{ url: "ws://a", data: "xyz", encoding: "hex" }, "`xyz` is not hex"],
  [{ url: "ws://a", action: "ping", count: 1 }, "`ping` receives nothing"],
  [{ url: "ws://a", action: "close", code: 1001 }, "`1001` may not be sent; use 1000, or 3000 to 4999"],
])("bad config %j", async (config, message) => {
  await expect(perform([ws(config)])).rejects.toThrow(message);
});
