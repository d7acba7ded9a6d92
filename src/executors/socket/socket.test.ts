import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { findSteadyPort } from "../../../test/support/steady-port.ts";
import { type RawServer, startRawServer } from "../../../test/support/raw-server.ts";
import { startWatchedLoad } from "../../../test/support/watched-load.ts";
import { run } from "../../local/run.ts";
import type { Report } from "../../protocol/report.ts";

const pem = (name: string) => readFileSync(new URL(`../../../test/support/tls/${name}.pem`, import.meta.url), "utf8");

async function serve(onConnection: (socket: Socket) => void): Promise<RawServer> {
  const server = await startRawServer(onConnection);
  onTestFinished(() => server.close());
  return server;
}

const echo = (socket: Socket) => socket.pipe(socket);

async function perform(steps: readonly object[], options: object = {}, more: object = {}): Promise<Report> {
  return run({ options: { iterations: 1, vus: 1, ...options }, ...more, steps });
}

const count = (report: Report, metric: string) => report.metrics[metric]?.values["count"];
const codes = (report: Report) => report.errors.map(({ code, message }) => `${code}: ${message}`);

test("an answer by delimiter, one by length and what has come, in pieces and several at once, over one connection", async () => {
  const server = await serve((socket) => {
    socket.on("data", (data) => {
      // 登录 is cut inside a character.
      const answer = Buffer.from(`hello ${data.toString()}登录\r\n12345678rest`);
      socket.write(answer.subarray(0, 9));
      setImmediate(() => socket.write(answer.subarray(9)));
    });
  });
  const at = { host: "localhost", port: server.port };
  const report = await perform([
    {
      id: "greet",
      type: "socket",
      config: { ...at, data: "Ann ${vu.id}", delimiter: "\r\n" },
      assert: [{ type: "body", value: "hello Ann 1登录" }],
    },
    { id: "eight", type: "socket", config: { ...at, length: 8 }, assert: [{ type: "body", value: "12345678" }] },
    { id: "rest", type: "socket", config: { ...at, action: "receive" }, assert: [{ type: "body", value: "rest" }] },
    { id: "end", type: "socket", config: { ...at, action: "close" } },
  ]);
  expect(codes(report)).toEqual([]);
  expect(report.checks.map(({ passes }) => passes)).toEqual([1, 1, 1]);
  expect(server.accepted).toBe(1);
  expect(count(report, "socket_reqs")).toBe(4);
  expect(count(report, "data_sent")).toBe(5);
  expect(count(report, "data_received")).toBe(11 + 6 + 2 + 8 + 4);
  expect(report.metrics["socket_connecting"]?.values["count"]).toBe(1);
});

test("bytes as hex and base64 stay as they are", async () => {
  const server = await serve(echo);
  const at = { host: "127.0.0.1", port: server.port };
  const report = await perform([
    {
      type: "socket",
      config: { ...at, name: "hex", data: "00 ff 0a", encoding: "hex", length: 3 },
      assert: [{ type: "body", value: "00ff0a" }],
    },
    {
      type: "socket",
      config: { ...at, name: "base64", data: "AP8K", encoding: "base64", length: 3 },
      assert: [{ type: "body", value: "AP8K" }],
    },
  ]);
  expect(codes(report)).toEqual([]);
  expect(server.accepted).toBe(2);
});

test("json in an answer is looked into and extracted from", async () => {
  const server = await serve((socket) => socket.on("data", () => socket.write('{"id":7,"name":"Ann"}\n')));
  const at = { host: "127.0.0.1", port: server.port };
  const report = await perform([
    {
      id: "ask",
      type: "socket",
      config: { ...at, data: "?", delimiter: "\n" },
      extract: [{ name: "id", from: "json", path: "$.id" }],
    },
    {
      type: "socket",
      config: { ...at, data: "${id} ${ask.output}", delimiter: "\n" },
      assert: [{ type: "json", path: "$.name", value: "Ann" }],
    },
  ]);
  expect(codes(report)).toEqual([]);
  expect(count(report, "data_sent")).toBe(1 + 2 + 21);
});

test("udp gives datagrams whole and in order; a port that nobody listens on fails", async () => {
  const server = createSocket("udp4");
  server.on("message", (message, peer) => {
    server.send(`a:${message.toString()}`, peer.port, peer.address);
    server.send("b", peer.port, peer.address);
  });
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
  });
  const at = { protocol: "udp", host: "127.0.0.1", port: server.address().port };
  const report = await perform([
    { type: "socket", config: { ...at, data: "x" } },
    { type: "socket", config: { ...at, action: "receive" }, assert: [{ type: "body", value: "a:x" }] },
    { type: "socket", config: { ...at, action: "receive" }, assert: [{ type: "body", value: "b" }] },
    { type: "socket", config: { ...at, action: "receive", timeout: "50ms" }, on_error: "continue" },
  ]);
  expect(codes(report)).toEqual([expect.stringMatching(/^timeout: not done in time/)]);
  const closed = createSocket("udp4");
  closed.bind(0, "127.0.0.1");
  await once(closed, "listening");
  const { port } = closed.address();
  closed.close();
  const deaf = await perform([
    { type: "socket", config: { ...at, port, data: "x" } },
    { type: "socket", config: { ...at, port, action: "receive" } },
  ]);
  expect(codes(deaf)).toEqual(["1212: the socket failed: ECONNREFUSED"]);
});

test("tls verifies the peer, unless it shall not", async () => {
  const server = createTlsServer({ cert: pem("server.cert"), key: pem("server.key") }, echo);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const ask = (tls: object) => ({
    type: "socket",
    config: { protocol: "tls", host: "127.0.0.1", port, data: "secret", length: 6, tls },
    assert: [{ type: "body", value: "secret" }],
  });
  expect(codes(await perform([ask({ verify: false })]))).toEqual([]);
  expect(codes(await perform([ask({})]))[0]).toMatch(/^1310: TLS handshake with 127\.0\.0\.1:\d+ failed: .*tls\.ca/);
});

test("a unix socket, and a path where none is", async () => {
  const folder = mkdtempSync(join(tmpdir(), "socket-step-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "服务.sock");
  const server = createServer(echo);
  server.listen(path);
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
  });
  const ask = (where: string) => ({
    type: "socket",
    config: { protocol: "unix", path: where, data: "hi", length: 2 },
    assert: [{ type: "body", value: "hi" }],
  });
  expect(codes(await perform([ask(path)]))).toEqual([]);
  expect(codes(await perform([ask(join(folder, "none"))]))[0]).toMatch(/^1212: connection to .*none failed: ENOENT/);
});

test.each([
  ["is not there", null, /^1212: connection to 127\.0\.0\.1:\d+ refused$/],
  ["resets", (socket: Socket) => socket.resetAndDestroy(), /^1220: /],
  ["closes early", (socket: Socket) => socket.end("abc"), /^1000: the peer closed the connection with 3 bytes/],
  ["stalls", () => undefined, /^timeout: not done in time/],
  [
    "sends without end",
    (socket: Socket) => {
      const more = () => socket.write(Buffer.alloc(65_536, "x"), () => !socket.destroyed && more());
      more();
    },
    /^1000: the answer is longer than 100000 bytes; raise max_bytes$/,
  ],
] as const)("a peer that %s", async (what, onConnection, expected) => {
  const port = onConnection === null ? 1 : (await serve(onConnection)).port;
  // Only one that stalls runs into it.
  const timeout = what === "stalls" ? "200ms" : "50s";
  const config = { host: "127.0.0.1", port, data: "x", delimiter: "\n", timeout, max_bytes: "100kB" };
  const report = await perform([{ type: "socket", config }], { iterations: 3 });
  expect(report.errors).toHaveLength(1);
  expect(codes(report)[0]).toMatch(expected);
  expect(report.errors[0]?.count).toBe(3);
  expect(report.metrics["socket_req_failed"]?.values["rate"]).toBe(1);
});

test("a server that is killed and comes back: errors are counted, then connections recover", async () => {
  const first = await startRawServer(echo, await findSteadyPort());
  const config = { host: "127.0.0.1", port: first.port, data: "x", length: 1 };
  const load = startWatchedLoad({ type: "socket", config }, 2);
  await load.passMore(10);
  await expect.poll(() => first.open).toBe(2);
  await first.close();
  await load.failMore();
  const second = createServer(echo).listen(first.port, "127.0.0.1");
  onTestFinished(() => {
    second.close();
  });
  let came = 0;
  second.on("connection", () => came++);
  await load.recover(5);
  const report = await load.stop();
  expect(came).toBe(2);
  expect(report.errors.length).toBeGreaterThan(0);
  const failed = report.errors.reduce((sum, error) => sum + error.count, 0);
  expect(report.metrics["iterations"]?.values["count"]).toBe(load.passed() + failed);
});

test("a stop cuts a receive short, and every socket is closed at the end", async () => {
  const server = await serve((socket) => socket.resume());
  const stop = new AbortController();
  const workflow = {
    options: { vus: 3, duration: "60s", graceful_stop: "0s" },
    steps: [{ type: "socket", config: { host: "127.0.0.1", port: server.port, data: "x", delimiter: "\n" } }],
  };
  const running = run(workflow, { signal: stop.signal });
  await expect.poll(() => server.open).toBe(3);
  stop.abort();
  const report = await running;
  expect(report.metrics["interrupted_iterations"]?.values["count"]).toBe(3);
  expect(report.errors).toEqual([]);
  await expect.poll(() => server.open).toBe(0);
});

test.each([
  [{ data: "x" }, "`host` is missing"],
  [{ host: "a", data: "x" }, "`port` is missing"],
  [{ host: "a", port: 70_000 }, "`70000` is not a whole number from 1 to 65535"],
  [{ host: "a", port: 1, data: "xyz", encoding: "hex" }, "`xyz` is not hex"],
  [{ host: "a", port: 1, delimiter: "\n", length: 3 }, "an answer ends by `delimiter` or by `length`; keep one"],
  [{ host: "a", port: 1, action: "send" }, "`send` needs `data`"],
  [{ protocol: "udp", host: "a", port: 1, length: 3 }, "an answer over udp is one datagram"],
  [{ protocol: "unix", path: "/a", port: 1 }, "a `unix` socket has a path and no port"],
])("bad config %j", async (config, message) => {
  await expect(perform([{ type: "socket", config }])).rejects.toThrow(message);
});
