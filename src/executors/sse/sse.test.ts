import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { certificates } from "../../../test/support/certificates.ts";
import { findSteadyPort } from "../../../test/support/steady-port.ts";
import { startWatchedLoad } from "../../../test/support/watched-load.ts";
import { run } from "../../local/run.ts";
import type { Report } from "../../protocol/report.ts";

interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  kill(): Promise<void>;
}

async function serve(
  onRequest: (message: IncomingMessage, response: ServerResponse) => void | Promise<void>,
  port = 0,
  server: Server = createServer(),
): Promise<TestServer> {
  server.on("request", (message, response) => void onRequest(message, response));
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const kill = async () => {
    if (!server.listening) return;
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  onTestFinished(kill);
  const bound = (server.address() as AddressInfo).port;
  return { url: `http://127.0.0.1:${bound}/events`, port: bound, server, kill };
}

/** A stream that has begun. */
function begin(response: ServerResponse): ServerResponse {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  response.flushHeaders();
  return response;
}

const readBody = async (message: IncomingMessage) => Buffer.concat(await message.toArray()).toString();

async function perform(steps: readonly object[], options: object = {}, more: object = {}): Promise<Report> {
  return run({ options: { iterations: 1, vus: 1, ...options }, ...more, steps });
}

const sse = (config: object, more: object = {}) => ({ type: "sse", config, ...more });
const body = (value: string) => ({ assert: [{ type: "body", value }] });
const count = (report: Report, metric: string) => report.metrics[metric]?.values["count"];
const codes = (report: Report) => report.errors.map(({ code, message }) => `${code}: ${message}`);

test("one stream for all steps of a VU: events by name and match, kept between steps, closed", async () => {
  let ended = 0;
  const { url } = await serve((_message, response) => {
    response.on("close", () => ended++);
    begin(response).write('data: 登录\n\nevent: tick\ndata: {"n":1}\nid: a\n\nevent: tick\ndata: {"n":2}\nid: b\n\n');
    for (const n of [3, 4, 5]) response.write(`event: tick\ndata: {"n":${n}}\n\n`);
    response.write("data: one\ndata: two\n\n");
  });
  const report = await perform(
    [
      sse({ url, action: "connect" }),
      sse({ url }, body("登录")),
      sse(
        { url, event: "tick", match: { json: { n: 2 } } },
        { id: "two", extract: [{ name: "n", from: "json", path: "$.n" }] },
      ),
      sse({ url, count: 2 }, { assert: [{ type: "json", path: "$[1].n", value: 4 }] }),
      sse({ url, event: "message" }, body("one\ntwo")),
      sse({ url, action: "close" }),
      sse({ url, match: '"n":${n}' }, { assert: [{ type: "json", path: "$.n", value: "${two.output.json.n}" }] }),
    ],
    { iterations: 2 },
  );
  expect(codes(report)).toEqual([]);
  expect(report.checks.map(({ passes }) => passes)).toEqual([2, 2, 2, 2]);
  await expect.poll(() => ended).toBe(4);
  expect(count(report, "sse_streams")).toBe(4);
  expect(count(report, "sse_connecting")).toBe(4);
  expect(count(report, "sse_first_event")).toBe(4);
  expect(count(report, "sse_stream_duration")).toBe(4);
  // What each step took, at least.
  expect(count(report, "sse_events_received")).toBeGreaterThanOrEqual(2 * (7 + 3));
});

test("a request with a body, all of whose events are taken until the server ends the stream", async () => {
  const seen: unknown[] = [];
  const { url } = await serve(async (message, response) => {
    const { accept, "content-type": type, "x-all": all } = message.headers;
    expect(message.headers["last-event-id"]).toBe(undefined);
    seen.push([message.method, message.url, accept, type, all, await readBody(message)]);
    begin(response);
    for (const word of ["登", "录", "[DONE]"]) response.write(`id: ${word.length}\ndata: ${word}\n\n`);
    response.end();
  });
  const { origin } = new URL(url);
  const report = await perform(
    [sse({ url: "/ask", json: { prompt: "${iteration}" }, count: "all" }, body("登\n录\n[DONE]"))],
    { iterations: 2 },
    { http: { base_url: origin, headers: { "x-all": "1" } } },
  );
  expect(codes(report)).toEqual([]);
  expect(seen).toEqual(
    [0, 1].map((n) => ["POST", "/ask", "text/event-stream", "application/json", "1", `{"prompt":${n}}`]),
  );
  expect(count(report, "sse_streams")).toBe(2);
});

test("a stream that ends fails the step that waits; the next connects behind the last event", async () => {
  const seen: unknown[] = [];
  const { url } = await serve((message, response) => {
    seen.push(message.headers["last-event-id"]);
    begin(response).end(`id: ${seen.length}\ndata: x\n\nid: none\n`);
  });
  const report = await perform([
    sse({ url, count: 2 }, { on_error: "continue" }),
    sse({ url }),
    sse({ url, action: "close" }),
    sse({ url }),
    sse({ url, action: "connect", last_event_id: "${vu.id}7" }),
  ]);
  expect(codes(report)).toEqual(["1000: the server ended with 1 of 2"]);
  expect(seen).toEqual([undefined, "1", undefined, "17"]);
});

test("an id in Chinese is sent back as it came; one that no header can carry fails the step that connects", async () => {
  const seen: unknown[] = [];
  const { url } = await serve((message, response) => {
    const { "last-event-id": id, "x-who": who } = message.headers;
    seen.push([id, who].map((value) => Buffer.from(String(value), "latin1").toString()));
    begin(response).end(seen.length === 1 ? "id: 号 1\ndata: x\n\n" : "data: y\n\nid: \u0001\n\n");
  });
  const once = { url, headers: { "x-who": "登录" }, count: 1 };
  const report = await perform([
    sse(once),
    sse({ ...once, count: 2 }, { on_error: "continue" }),
    sse(once, { id: "again", on_error: "continue" }),
    sse({ ...once, last_event_id: "号 2" }, { assert: [{ type: "body", value: "y" }] }),
  ]);
  expect(seen).toEqual([
    ["undefined", "登录"],
    ["号 1", "登录"],
    ["号 2", "登录"],
  ]);
  expect(codes(report).toSorted()).toEqual([
    "1000: the id of the last event holds control characters, which no header can; write last_event_id",
    "1000: the server ended with 1 of 2",
  ]);
});

test.each([
  [401, "text/event-stream", /^http_401: GET http:\/\/127\.0\.0\.1:\d+\/events was answered with 401$/],
  [403, "text/event-stream", /^http_403: /],
  [302, "text/event-stream", /^http_302: .* redirects are not followed, write the URL it leads to$/],
  [200, "text/html", /^1000: .* gave `text\/html`, which is no text\/event-stream$/],
])("an answer of %i %s fails, and the socket is gone", async (status, type, expected) => {
  const { url, server } = await serve((_message, response) => {
    response.writeHead(status, { "content-type": type, location: "/other" });
    response.flushHeaders();
  });
  const report = await perform([sse({ url })], { iterations: 3 });
  expect(report.errors).toMatchObject([{ count: 3 }]);
  expect(codes(report)[0]).toMatch(expected);
  const connections = () => new Promise((resolve) => server.getConnections((_error, open) => resolve(open)));
  await expect.poll(connections).toBe(0);
});

test("what nobody receives is bounded, and what is dropped is counted", async () => {
  // The client leaves when it has read the end.
  const left = Promise.withResolvers<void>();
  const { url } = await serve(({ url: path, socket }, response) => {
    if (path === "/left") {
      void left.promise.then(() => response.end());
      return;
    }
    socket.on("close", () => left.resolve());
    begin(response);
    for (let n = 0; n < 100; n++) response.write(`data: ${n}\n\n`);
    response.end();
  });
  const report = await perform([
    sse({ url, max_events: 10, action: "connect" }),
    { type: "http", config: { url: new URL("/left", url).href } },
    sse({ url, count: "all" }, body([90, 91, 92, 93, 94, 95, 96, 97, 98, 99].join("\n"))),
  ]);
  expect(report.checks.map(({ passes }) => passes)).toEqual([1]);
  expect(count(report, "sse_events_received")).toBe(100);
  expect(count(report, "sse_events_dropped")).toBe(90);
});

test("an event without end, one that stalls, a server that breaks off, and one that is not there", async () => {
  const endless = await serve((_message, response) => {
    begin(response);
    const more = () => response.write("x".repeat(65_536), () => !response.destroyed && more());
    more();
  });
  const silent = await serve((_message, response) => void begin(response));
  const mute = await serve(() => undefined);
  const broken = await serve((message, response) => {
    begin(response).write("data: 1\n\n");
    setImmediate(() => message.socket.destroy());
  });
  const ask = async (url: string, timeout = "50s") =>
    codes(await perform([sse({ url, count: 2, timeout, max_bytes: "100kB" })]))[0];
  expect(await ask(endless.url)).toBe("1000: an event is longer than 100000 bytes; raise max_bytes");
  // Time to connect, also on a machine that stands still for a while.
  expect(await ask(silent.url, "4s")).toMatch(/^timeout: 0 of 2 messages came in time/);
  expect(await ask(mute.url, "500ms")).toMatch(/^timeout: /);
  expect(await ask(broken.url)).toMatch(/^1220: the stream broke: /);
  expect(await ask("http://127.0.0.1:1/")).toBe("1212: connection to 127.0.0.1:1 refused");
});

test("TLS: an authority is trusted, a stranger is not", async () => {
  const read = (path: string) => readFileSync(path, "utf8");
  const { authority, server: own } = certificates;
  const server = createTlsServer({ cert: read(own.cert), key: read(own.key) });
  const { port } = await serve((_message, response) => void begin(response).write("data: x\n\n"), 0, server);
  const ask = async (tls: object) => codes(await perform([sse({ url: `https://127.0.0.1:${port}/`, tls }, body("x"))]));
  expect(await ask({ ca: read(authority) })).toEqual([]);
  expect(await ask({ verify: false })).toEqual([]);
  expect((await ask({}))[0]).toMatch(/^1310: TLS handshake with 127\.0\.0\.1:\d+ failed: .*tls\.ca/);
});

test("a server that is killed and comes back: errors are counted, then streams recover", async () => {
  let open = 0;
  const stream = (_message: IncomingMessage, response: ServerResponse) => {
    open++;
    const timer = setInterval(() => response.write("data: x\n\n"), 30);
    response.on("close", () => clearInterval(timer));
    begin(response);
  };
  const first = await serve(stream, await findSteadyPort());
  const load = startWatchedLoad(sse({ url: first.url }), 2);
  await load.passMore(10);
  await first.kill();
  await load.failMore();
  open = 0;
  await serve(stream, first.port);
  await load.recover(5);
  const report = await load.stop();
  expect(open).toBe(2);
  expect(report.errors.length).toBeGreaterThan(0);
  const failed = report.errors.reduce((sum, error) => sum + error.count, 0);
  expect(report.metrics["iterations"]?.values["count"]).toBe(load.passed() + failed);
});

test("a stop cuts a wait short, and every stream is closed at the end", async () => {
  let open = 0;
  let connected = 0;
  const { url } = await serve((message, response) => {
    if (message.url === "/connected") {
      connected++;
      response.end();
      return;
    }
    open++;
    response.on("close", () => open--);
    begin(response);
  });
  const stop = new AbortController();
  const options = { vus: 3, duration: "60s", graceful_stop: "0s" };
  // The client has the stream's head before it says so.
  const tell = { id: "tell", type: "http", config: { url: new URL("/connected", url).href } };
  const steps = [sse({ url, action: "connect" }), tell, sse({ url })];
  const running = run({ options, steps }, { signal: stop.signal });
  await expect.poll(() => connected).toBe(3);
  stop.abort();
  const report = await running;
  expect(report.metrics["interrupted_iterations"]?.values["count"]).toBe(3);
  expect(report.errors).toEqual([]);
  expect(count(report, "sse_stream_duration")).toBe(3);
  await expect.poll(() => open).toBe(0);
});

test.each([
  [{}, "`url` is missing"],
  [{ url: "ws://a" }, "has the scheme `ws`; use http:// or https://"],
  [{ url: "http://a", body: "x", json: 1 }, "a request has one body, `body` or `json`; keep one"],
  [{ url: "http://a", action: "close", count: 1 }, "`close` receives nothing; write action: receive"],
])("bad config %j", async (config, message) => {
  await expect(perform([sse(config)])).rejects.toThrow(message);
});
