import { createSecureServer } from "node:http2";
import { createServer } from "node:https";
import type { Server } from "node:net";
import { describe, expect, it, test } from "vitest";
import { startProxy } from "../../test/support/connect-proxy.ts";
import { message } from "../../test/support/http2-server.ts";
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
  wire,
  within,
} from "../../test/support/transport.ts";
import { createTargetRule } from "../target-rule.ts";
import type { Origin, Proxy } from "./exchange.ts";
import { createProxyChoice, parseProxy } from "./proxy.ts";

const trusting = { ...noTls, ca: certificate };

function proxyAt(port: number, changes: Partial<Proxy> = {}): Proxy {
  return { secure: false, host: "127.0.0.1", port, authorization: null, ...changes };
}

async function serveTls(): Promise<number> {
  return listening(createServer({ cert: certificate, key }, (_request, response) => response.end("safe")));
}

describe("a proxy", () => {
  it.each([false, true])(
    "opens the way to a TLS origin; the connection is kept (itself over TLS: %s)",
    async (secure) => {
      const origin = await serveTls();
      const proxy = await startProxy({ secure });
      const { client } = open();
      const through = proxyAt(proxy.port, { secure, host: "localhost", authorization: "Basic dTpw" });
      const request = wire(origin, { secure: true, host: "localhost", tls: trusting, proxy: through });
      const first = await client.exchange(request, within());
      expect([first.code, first.message, first.body?.toString(), first.tlsVersion]).toEqual([0, "", "safe", "tls1.3"]);
      expect(first.connecting).toBeGreaterThan(0);
      expect(first.tlsHandshaking).toBeGreaterThan(0);
      expect(phases(first)).toBeCloseTo(first.endedAt - first.startedAt, 3);
      const second = await client.exchange(request, within());
      expect([second.status, second.connecting]).toEqual([200, 0]);
      expect(proxy.asked).toEqual([[`CONNECT localhost:${origin}`, "Basic dTpw"]]);
    },
  );

  it("opens the way for HTTP/2, over TLS and without", async () => {
    const server = createSecureServer({ cert: certificate, key }, (_request, response) => void response.end("two"));
    const origin = await listening(server as unknown as Server);
    const proxy = await startProxy();
    const { client } = open();
    const through = proxyAt(proxy.port);
    const exchange = await client.exchange(message(origin, { secure: true, tls: trusting, proxy: through }), within());
    expect([exchange.code, exchange.proto, exchange.body?.toString()]).toEqual([0, "HTTP/2.0", "two"]);
    expect(proxy.asked).toEqual([[`CONNECT localhost:${origin}`, ""]]);
  });

  it.each([
    ["407", "HTTP/1.1 407 Who\r\n\r\n", "wants to know who asks (407); write proxy: http://USER:PASSWORD@HOST:PORT"],
    ["403", "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno", "refused CONNECT with status 403"],
    ["no HTTP", "hello, who is there?\r\n\r\n", "answered CONNECT with no HTTP: "],
    ["a closed connection", "", "closed the connection without an answer to CONNECT"],
    ["bytes after its answer", "HTTP/1.1 200 OK\r\n\r\nmore", "sent bytes that nobody asked for"],
  ])("that refuses with %s is 1230, and counts", async (_name, refuse, words) => {
    const proxy = await startProxy({ refuse });
    const { client } = open();
    const request = wire(1, { secure: true, host: "localhost", tls: trusting, proxy: proxyAt(proxy.port) });
    const exchange = await client.exchange(request, within());
    expect([exchange.code, exchange.counted, exchange.status]).toEqual([1230, true, 0]);
    expect(exchange.message).toContain(`proxy 127.0.0.1:${proxy.port} ${words}`);
    expect(phases(exchange)).toBeCloseTo(exchange.endedAt - exchange.startedAt, 3);
  });

  it("that cannot reach the origin is 1230; that is not there 1212; that says nothing 1230", async () => {
    const proxy = await startProxy();
    const asked = Promise.withResolvers<void>();
    const silent = await serve((socket) => socket.once("data", () => asked.resolve()));
    const { client } = open();
    const secure = { secure: true, host: "localhost", tls: trusting } as const;
    const unreached = await client.exchange(wire(1, { ...secure, proxy: proxyAt(proxy.port) }), within());
    expect([unreached.code, unreached.message.endsWith("refused CONNECT with status 502")]).toEqual([1230, true]);
    const absent = await client.exchange(wire(1, { ...secure, proxy: proxyAt(1) }), within());
    expect(outcome(absent)).toEqual([1212, 0, "connection to proxy 127.0.0.1:1 refused"]);
    const waiting = client.exchange(
      wire(1, { ...secure, proxy: proxyAt(silent.port), connectTimeoutMs: 60_000 }),
      within(),
    );
    await asked.promise;
    clock.turn(60_000);
    const late = await waiting;
    expect(outcome(late)).toEqual([1230, 0, `proxy 127.0.0.1:${silent.port} did not answer CONNECT in time`]);
  });

  it("a certificate of the origin for another name is told with both", async () => {
    const origin = await serveTls();
    const proxy = await startProxy();
    const { client } = open();
    const request = wire(origin, { secure: true, host: "localhost", proxy: proxyAt(proxy.port) });
    const exchange = await client.exchange(request, within());
    expect(exchange.code).toBe(1310);
    expect(exchange.message).toContain(`TLS handshake with localhost:${origin} through proxy 127.0.0.1:${proxy.port}`);
  });

  it("target lists hold for the proxy and for the origin behind it, by name and by address", async () => {
    const server = await serve(answering(() => ok));
    const proxy = await startProxy();
    const attempt = async (deny: readonly string[], host: string, through: string) => {
      const permit = { maySend: () => true, refuses: createTargetRule({ allow: [], deny }), restricts: true } as const;
      const { client } = open({}, permit);
      const request = wire(server.port, { host, proxy: proxyAt(proxy.port, { host: through }) });
      const exchange = await client.exchange(request, within());
      return [exchange.code, exchange.message];
    };
    expect(await attempt(["127.0.0.1"], "localhost", "127.0.0.1")).toEqual([
      1110,
      "localhost (127.0.0.1) may not be dialled: slave.targets.deny has its address",
    ]);
    expect((await attempt(["localhost"], "localhost", "127.0.0.1"))[0]).toBe(1111);
    expect((await attempt(["127.0.0.0/8"], "192.0.2.1", "127.0.0.1"))[0]).toBe(1110);
    expect((await attempt(["localhost"], "192.0.2.1", "localhost"))[0]).toBe(1111);
    expect(proxy.asked).toEqual([]);
  });
});

describe("what `proxy` says", () => {
  const origin = (host: string, secure = false, port = secure ? 443 : 80): Origin => ({ secure, host, port, key: "" });
  const refuse = (name: string): never => {
    throw new Error(`refused ${name}`);
  };
  const choose = (env: Readonly<Record<string, string>>, to: Origin) =>
    createProxyChoice("env", env, refuse)?.(to)?.host;

  test.each([
    ["http://p:3128", { secure: false, host: "p", port: 3128, authorization: null }],
    ["p:3128", { secure: false, host: "p", port: 3128, authorization: null }],
    ["https://p", { secure: true, host: "p", port: 443, authorization: null }],
    ["http://u:p%20w@[::1]:1/", { secure: false, host: "::1", port: 1, authorization: "Basic dTpwIHc=" }],
    ["socks5://p:1", null],
    ["http://p:1/path", null],
    ["", null],
  ])("%s", (text, proxy) => {
    expect(parseProxy(text)).toEqual(proxy);
  });

  const both = { HTTP_PROXY: "http://plain:1", HTTPS_PROXY: "secure:2" };
  test.each([
    ["nothing in the environment", {}, origin("a.test"), undefined],
    ["http", both, origin("a.test"), "plain"],
    ["https", both, origin("a.test", true), "secure"],
    ["lower case wins", { ...both, http_proxy: "lower:3" }, origin("a.test"), "lower"],
    ["one for all", { ALL_PROXY: "all:4" }, origin("a.test", true), "all"],
    ["an excepted name", { ...both, NO_PROXY: "x.test, a.test" }, origin("a.test"), undefined],
    ["below an excepted name", { ...both, no_proxy: ".test" }, origin("a.test"), undefined],
    ["below, written with a star", { ...both, NO_PROXY: "*.test" }, origin("a.test"), undefined],
    ["a name that only ends alike", { ...both, NO_PROXY: "a.test" }, origin("aa.test"), "plain"],
    ["an excepted network", { ...both, NO_PROXY: "10.0.0.0/8" }, origin("10.1.2.3"), undefined],
    ["an excepted port", { ...both, NO_PROXY: "a.test:8080" }, origin("a.test", false, 8080), undefined],
    ["another port", { ...both, NO_PROXY: "a.test:8080" }, origin("a.test"), "plain"],
    ["all excepted", { ...both, NO_PROXY: "*" }, origin("a.test"), undefined],
  ])("env: %s", (_name, env, to, host) => {
    expect(choose(env, to)).toBe(host);
  });

  it("a variable that is no URL is named, its value is not", () => {
    expect(() => choose({ HTTP_PROXY: "ftp://u:secret@p" }, origin("a"))).toThrow("refused HTTP_PROXY");
  });
});
