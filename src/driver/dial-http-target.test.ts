import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { certificates } from "../../test/support/certificates.ts";
import { startProxy } from "../../test/support/connect-proxy.ts";
import { createHandRung } from "../../test/support/hand-rung.ts";
import { startScriptedFlow } from "../../test/support/scripted-flow.ts";
import { certificate, listening, serve } from "../../test/support/transport.ts";
import { run } from "../local/run.ts";
import { createTargetRule } from "../target-rule.ts";

const read = (path: string) => readFileSync(path, "utf8");
const authorities = `${certificate}\n${read(certificates.authority)}`;
const basic = (user: string) => `Basic ${Buffer.from(user).toString("base64")}`;

/** Echoes over WebSocket, and answers a request with one event: how it came. */
async function serveBoth(secure: boolean, host = "127.0.0.1") {
  const own = { cert: read(certificates.server.cert), key: read(certificates.server.key) };
  const server: Server = secure ? createTlsServer(own) : createServer();
  const heads: (string | undefined)[][] = [];
  const from: (string | undefined)[] = [];
  server.on(secure ? "secureConnection" : "connection", ({ remoteAddress }: Socket) => from.push(remoteAddress));
  server.on("request", ({ url, headers }, answer) => {
    heads.push([url, headers.host, headers["proxy-authorization"]]);
    answer.writeHead(200, { "content-type": "text/event-stream" });
    answer.end("data: hello\n\n");
  });
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket, { url, headers }) => {
    heads.push([url, headers.host, headers["proxy-authorization"]]);
    socket.on("message", (data) => socket.send(data as Buffer));
  });
  const port = await listening(server, host);
  return { port, heads, from, open: () => countConnections(server) };
}

function countConnections(server: Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
}

const ws = (config: object) => ({
  id: "ws",
  type: "websocket",
  config: { data: "x", count: 1, ...config },
  assert: [{ type: "body", value: "x" }],
});
const sse = (config: object) => ({ id: "sse", type: "sse", config, assert: [{ type: "body", value: "hello" }] });

test.each([
  ["a plain proxy", false, false],
  ["a plain proxy, over TLS", false, true],
  ["a proxy that speaks TLS", true, false],
  ["a proxy that speaks TLS, over TLS", true, true],
])("websocket and sse go through %s, and leave nothing open", async (_what, secureProxy, secure) => {
  const server = await serveBoth(secure);
  const proxy = await startProxy({ secure: secureProxy });
  const scheme = secureProxy ? "https" : "http";
  const at = `localhost:${server.port}`;
  const s = secure ? "s" : "";
  const report = await run(
    {
      options: {
        iterations: 2,
        vus: 1,
        http: { proxy: `${scheme}://load:\${secret.WORD}@localhost:${proxy.port}`, tls: { ca: authorities } },
      },
      steps: [ws({ url: `ws${s}://${at}/w?a` }), sse({ url: `http${s}://${at}/s?b` })],
    },
    { secrets: { WORD: "geheim" } },
  );
  expect(report.errors).toEqual([]);
  expect(report.checks.map(({ passes, fails }) => [passes, fails])).toEqual([
    [2, 0],
    [2, 0],
  ]);
  const known = basic("load:geheim");
  const asked = secure ? `CONNECT ${at}` : `GET http://${at}/s?b`;
  // One tunnel for the VU's WebSocket, the streams ask anew.
  expect(proxy.asked).toEqual([
    [`CONNECT ${at}`, known],
    [asked, known],
    [asked, known],
  ]);
  const heads = [
    ["/w?a", at, undefined],
    ["/s?b", at, undefined],
    ["/s?b", at, undefined],
  ];
  expect(server.heads).toEqual(heads);
  await expect.poll(server.open).toBe(0);
});

const stepsTo = (port: number, more: object = {}) => [
  { ...ws({ url: `ws://127.0.0.1:${port}/`, ...more }), on_error: "continue" },
  { ...sse({ url: `https://127.0.0.1:${port}/`, ...more }), on_error: "continue" },
];

async function failuresThrough(proxy: string): Promise<(readonly [string, string])[]> {
  const options = { iterations: 1, vus: 1, http: { proxy, tls: { verify: false } } };
  const report = await run({ options, steps: stepsTo(1) }, { secrets: { WORD: "geheim" } });
  expect(JSON.stringify(report)).not.toContain("geheim");
  return report.errors.map(({ code, message }) => [code, message] as const);
}

test.each([
  ["407", "HTTP/1.1 407 Who\r\n\r\n", "wants to know who asks (407); write proxy: http://USER:PASSWORD@HOST:PORT"],
  ["502", "HTTP/1.1 502 Bad\r\nContent-Length: 2\r\n\r\nno", "refused CONNECT with status 502"],
  ["no HTTP", "hello, who is there?\r\n\r\n", "answered CONNECT with no HTTP: "],
  ["a closed connection", "", "closed the connection without an answer to CONNECT"],
  ["bytes after its answer", "HTTP/1.1 200 OK\r\n\r\nmore", "sent bytes that nobody asked for"],
])("a proxy that refuses with %s is 1230", async (_what, refuse, words) => {
  const proxy = await startProxy({ refuse });
  const failures = await failuresThrough(`http://load:\${secret.WORD}@127.0.0.1:${proxy.port}`);
  expect(failures.map(([code]) => code)).toEqual(["1230", "1230"]);
  for (const [, message] of failures) expect(message).toContain(`proxy 127.0.0.1:${proxy.port} ${words}`);
});

test("a proxy that is not there is 1212, one that says nothing 1230; a plain stream shows what the proxy answers", async () => {
  const absent = "connection to proxy 127.0.0.1:1 refused";
  expect(await failuresThrough("http://127.0.0.1:1")).toEqual([
    ["1212", absent],
    ["1212", absent],
  ]);
  const clock = createHandRung();
  const silent = await serve((socket) => socket.once("data", () => clock.turn(10_000)));
  const options = { http: { proxy: `http://127.0.0.1:${silent.port}`, timeout: { connect: "10s" } } };
  for (const step of stepsTo(1)) {
    const flow = await startScriptedFlow(JSON.stringify({ options, steps: [step] }), {}, undefined, clock);
    await flow.iterate();
    expect(flow.cut().errors).toEqual({ [`1230: proxy 127.0.0.1:${silent.port} did not answer CONNECT in time`]: 1 });
  }
  const server = createServer((_request, answer) => answer.writeHead(407).end());
  const config = { url: "http://shop.test/s", proxy: `http://127.0.0.1:${await listening(server)}` };
  const report = await run({ options: { iterations: 1, vus: 1 }, steps: [sse(config)] });
  expect(report.errors.map(({ code }) => code)).toEqual(["http_407"]);
});

test("`env` with its exceptions, and what a step says, win over the proxy of options.http", async () => {
  const server = await serveBoth(false);
  const [all, own] = [await startProxy(), await startProxy()];
  const env = { HTTP_PROXY: `http://127.0.0.1:${all.port}`, NO_PROXY: "localhost" };
  const at = `127.0.0.1:${server.port}`;
  const report = await run(
    {
      options: { iterations: 1, vus: 1, http: { proxy: "env" } },
      steps: [
        ws({ url: `ws://${at}/` }),
        ws({ url: `ws://localhost:${server.port}/` }),
        ws({ url: `ws://${at}/direct`, proxy: null }),
        sse({ url: `http://${at}/`, proxy: `http://127.0.0.1:${own.port}` }),
      ].map((step, place) => ({ ...step, id: `s${place}` })),
    },
    { env },
  );
  expect(report.errors).toEqual([]);
  expect(all.asked).toEqual([[`CONNECT ${at}`, ""]]);
  expect(own.asked).toEqual([[`GET http://${at}/`, ""]]);
  expect(server.heads.length).toBe(4);
});

test.each([
  ["ws", "ftp://a", "a proxy of scheme `ftp` is not in this version"],
  ["sse", "http://a/path", "this is no URL of a proxy"],
])("a %s step with the proxy %s is refused", async (_type, proxy, words) => {
  await expect(run({ steps: stepsTo(1, { proxy }) })).rejects.toThrow(words);
});

test("target lists hold for the proxy and for the origin behind it, by name and by address", async () => {
  const server = await serveBoth(false);
  const proxy = await startProxy();
  const attempt = async (deny: readonly string[], host: string, through: string) => {
    const permit = { maySend: () => true, refuses: createTargetRule({ allow: [], deny }), restricts: true } as const;
    const http = `options: { http: { proxy: "http://${through}:${proxy.port}" } }`;
    const step = `{ id: s, type: websocket, config: { url: "ws://${host}:${server.port}/", data: x } }`;
    const flow = await startScriptedFlow(`${http}\nsteps: [${step}]`, {}, permit);
    expect(await flow.iterate()).toBe("failed");
    return Object.keys(flow.cut().errors)[0];
  };
  expect(await attempt(["127.0.0.1"], "localhost", "127.0.0.1")).toBe(
    "1110: localhost (127.0.0.1) may not be dialled: slave.targets.deny has its address",
  );
  expect(await attempt(["localhost"], "localhost", "127.0.0.1")).toMatch(/^1111: localhost through the proxy/);
  expect(await attempt(["127.0.0.0/8"], "192.0.2.1", "127.0.0.1")).toMatch(/^1110: /);
  expect(await attempt(["localhost"], "192.0.2.1", "localhost")).toMatch(/^1111: /);
  expect(proxy.asked).toEqual([]);
});

test("a step whose VU is stopped while the proxy says nothing ends at once, and the socket is gone", async () => {
  let open = 0;
  const silent = await serve((socket) => {
    open++;
    socket.on("close", () => open--);
    socket.resume();
  });
  const http = `options: { http: { proxy: "http://127.0.0.1:${silent.port}" } }`;
  const step = `{ id: s, type: websocket, config: { url: "ws://127.0.0.1:1/", data: x } }`;
  const flow = await startScriptedFlow(`${http}\nsteps: [${step}]`);
  const ending = flow.iterate();
  await expect.poll(() => open).toBe(1);
  flow.stop.abort();
  expect(await ending).toBe("interrupted");
  await expect.poll(() => open).toBe(0);
});

/** `(code: message)` of the steps over TLS, in order; empty: all passed. */
async function performFrom(ip: readonly string[], at: string, vus = 1): Promise<string[]> {
  const options = { mode: "per-vu-iterations", iterations: 1, vus, http: { ip, tls: { verify: false } } };
  const steps = [ws({ url: `wss://${at}/` }), sse({ url: `https://${at}/` })].map((step) => ({
    ...step,
    on_error: "continue",
  }));
  const report = await run({ options, steps });
  return report.errors.map(({ code, message }) => `${code}: ${message}`);
}

test("connections over TLS come from the source address of their VU", async () => {
  const server = await serveBoth(true);
  expect(await performFrom(["127.0.0.5-127.0.0.6"], `127.0.0.1:${server.port}`, 4)).toEqual([]);
  // Two connections of each VU.
  const each = (address: string) => Array.from({ length: 4 }, () => address);
  expect(server.from.toSorted()).toEqual([...each("127.0.0.5"), ...each("127.0.0.6")]);
});

test("IPv6: from an address that is there, one that is not, and none of the family", async () => {
  const server = await serveBoth(true, "::1");
  const at = `[::1]:${server.port}`;
  expect(await performFrom(["::1"], at)).toEqual([]);
  expect(server.from).toEqual(["::1", "::1"]);
  const absent = `1210: connection to ${at} failed: EADDRNOTAVAIL; this machine has no such source address`;
  expect(await performFrom(["2001:db8::77"], at)).toEqual([absent, absent]);
  const family = `1210: ${at} cannot be dialled: no source address is of its family; add one to options.http.ip or --local-ips`;
  expect(await performFrom(["127.0.0.5"], at)).toEqual([family, family]);
  expect(server.from.length).toBe(2);
});
