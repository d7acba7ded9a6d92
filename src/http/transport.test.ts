import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer, type ServerOptions } from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import * as fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { startDeafListener } from "../../test/support/deaf-listener.ts";
import { type RawServer, startRawServer } from "../../test/support/raw-server.ts";
import type { Clock, Permit } from "../protocol/ports.ts";
import { createSystemClock } from "../run/system-clock.ts";
import type { Exchange, HttpClient, Transport, WireRequest } from "./exchange.ts";
import { createTransport, type TransportOptions } from "./transport.ts";

const options: TransportOptions = { maxHeader: 65_536, maxBody: 1_000_000, dnsTtlMs: 60_000, hosts: {} };
const openPermit: Permit = { maySend: () => true, refuses: () => null };
const noTls = { verify: true, cert: null, key: null, ca: null };
const certificate = readFileSync(new URL("../../test/support/tls/localhost.cert.pem", import.meta.url), "utf8");
const key = readFileSync(new URL("../../test/support/tls/localhost.key.pem", import.meta.url), "utf8");
const systemClock = createSystemClock({ now: () => performance.now(), wall: () => Date.now() });
const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** Alarms set and neither fired nor cancelled. */
let pendingAlarms = 0;
const clock: Clock = {
  now: () => systemClock.now(),
  wall: () => systemClock.wall(),
  at(time, task) {
    pendingAlarms++;
    let pending = true;
    const settle = () => {
      if (pending) pendingAlarms--;
      pending = false;
    };
    const alarm = systemClock.at(time, () => {
      settle();
      task();
    });
    return {
      cancel() {
        settle();
        alarm.cancel();
      },
    };
  },
};

interface Under {
  readonly transport: Transport;
  readonly client: HttpClient;
  readonly abort: AbortController;
}

function open(changes: Partial<TransportOptions> = {}, permit: Permit = openPermit): Under {
  const transport = createTransport({ ...options, ...changes }, { clock, permit });
  onTestFinished(async () => {
    await transport.close();
    expect(pendingAlarms).toBe(0);
  });
  const abort = new AbortController();
  return { transport, client: transport.client(abort.signal), abort };
}

async function serve(onConnection: (socket: Socket) => void): Promise<RawServer> {
  const server = await startRawServer(onConnection);
  onTestFinished(() => server.close());
  return server;
}

/** Answers each piece that comes, the n-th of a connection with `answers(n)`. */
function answering(answers: (n: number) => string): (socket: Socket) => void {
  return (socket) => {
    let n = 0;
    socket.on("data", () => socket.write(answers(n++), "latin1"));
  };
}

function wire(
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
    lastOnConnection: false,
    connectTimeoutMs: 1000,
    tls: noTls,
    ...rest,
  };
}

function within(ms: number): number {
  return clock.now() + ms;
}

function outcome(exchange: Exchange): [number, number, string] {
  return [exchange.code, exchange.status, exchange.message];
}

function phases({ blocked, connecting, tlsHandshaking, sending, waiting, receiving }: Exchange): number {
  return blocked + connecting + tlsHandshaking + sending + waiting + receiving;
}

describe("an exchange", () => {
  it("gives status, headers, body, bytes and times; the second goes over the same connection", async () => {
    const server = await serve(answering(() => ok));
    const { client } = open();
    const first = await client.exchange(wire(server.port), within(1000));
    expect(first).toMatchObject({
      code: 0,
      message: "",
      interrupted: false,
      counted: true,
      status: 200,
      proto: "HTTP/1.1",
      tlsVersion: "",
      headers: ["content-length", "2"],
      body: Buffer.from("ok"),
      bytesSent: 30,
      bytesReceived: ok.length,
      remoteAddress: "127.0.0.1",
    });
    expect(first.connecting).toBeGreaterThan(0);
    expect(phases(first)).toBeCloseTo(first.endedAt - first.startedAt, 3);
    const second = await client.exchange(wire(server.port), within(1000));
    expect([second.status, second.blocked, second.connecting]).toEqual([200, 0, 0]);
    expect(phases(second)).toBeCloseTo(second.endedAt - second.startedAt, 3);
    expect(server.accepted).toBe(1);
  });

  it("reads bytes cut anywhere, on one connection", async () => {
    const texts = [
      ["HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world", "hello world"],
      [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nA: b\r\n\r\n",
        "hello world",
      ],
      ["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: 2\r\n\r\nok", "ok"],
    ] as const;
    let pieces: string[] = [];
    const server = await serve((socket) => {
      socket.on("data", () => {
        const rest = pieces;
        const next = () => {
          const piece = rest.shift();
          if (piece !== undefined) socket.write(piece, () => setImmediate(next));
        };
        next();
      });
    });
    const { client } = open();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...texts),
        fc.array(fc.nat(), { maxLength: 6 }),
        async ([text, body], places) => {
          const at = [0, ...places.map((place) => place % text.length), text.length].toSorted((a, b) => a - b);
          pieces = at
            .slice(1)
            .map((to, i) => text.slice(at[i], to))
            .filter((piece) => piece !== "");
          const exchange = await client.exchange(wire(server.port), within(1000));
          expect([exchange.code, exchange.body?.toString()]).toEqual([0, body]);
          expect(phases(exchange)).toBeCloseTo(exchange.endedAt - exchange.startedAt, 3);
        },
      ),
      { numRuns: 60 },
    );
    expect(server.accepted).toBe(1);
  });

  it.each([
    ["Connection: close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"],
    ["HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"],
    ["bytes after the answer", `${ok}garbage`],
    ["a second answer in one read", `${ok}${ok}`],
  ])("does not use the connection again after %s", async (_name, text) => {
    const server = await serve(answering(() => text));
    const { client } = open();
    for (let i = 0; i < 2; i++)
      expect(outcome(await client.exchange(wire(server.port), within(1000)))).toEqual([0, 200, ""]);
    expect(server.accepted).toBe(2);
  });

  it("does not use the connection again when the request says so, or after closeIdle", async () => {
    const server = await serve(answering(() => ok));
    const { client } = open();
    await client.exchange(wire(server.port, { lastOnConnection: true }), within(1000));
    await client.exchange(wire(server.port), within(1000));
    client.closeIdle();
    await client.exchange(wire(server.port), within(1000));
    expect(server.accepted).toBe(3);
  });

  it("does not use a connection on which bytes came that nobody asked for", async () => {
    const gone: Promise<unknown>[] = [];
    const server = await serve((socket) => {
      gone.push(once(socket, "close"));
      socket.on("data", () => {
        socket.write(ok);
        setImmediate(() => socket.write("HTTP/1.1 408 Request Timeout\r\n\r\n"));
      });
    });
    const { client } = open();
    await client.exchange(wire(server.port), within(1000));
    await gone[0];
    const second = await client.exchange(wire(server.port), within(1000));
    expect(outcome(second)).toEqual([0, 200, ""]);
    expect(server.accepted).toBe(2);
  });

  it("keeps an HTTP/1.0 connection that is kept alive, and answers to HEAD, 204 and 304 have no body", async () => {
    const answers = [
      "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
      "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n",
      "HTTP/1.1 204 No Content\r\n\r\n",
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n",
    ];
    const server = await serve(answering((n) => answers[n] ?? ""));
    const { client } = open();
    expect((await client.exchange(wire(server.port), within(1000))).proto).toBe("HTTP/1.0");
    const head = await client.exchange(wire(server.port, { method: "HEAD" }), within(1000));
    expect([head.status, head.body]).toEqual([200, null]);
    expect((await client.exchange(wire(server.port), within(1000))).status).toBe(204);
    expect((await client.exchange(wire(server.port), within(1000))).status).toBe(304);
    expect(server.accepted).toBe(1);
  });

  it("takes a body that ends with the connection", async () => {
    const server = await serve((socket) => socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\n\r\nto the end")));
    const { client } = open();
    const exchange = await client.exchange(wire(server.port), within(1000));
    expect([exchange.code, exchange.body?.toString()]).toEqual([0, "to the end"]);
  });

  it("opens another connection while one is busy, and keeps both", async () => {
    const server = await serve(answering(() => ok));
    const { client } = open();
    for (let i = 0; i < 2; i++) {
      const both = await Promise.all([1, 2].map(() => client.exchange(wire(server.port), within(1000))));
      expect(both.map((exchange) => exchange.status)).toEqual([200, 200]);
    }
    expect(server.accepted).toBe(2);
  });

  it("takes an answer that comes before the request is sent, and drops that connection", async () => {
    const server = await serve((socket) => {
      socket.once("data", () => {
        socket.pause();
        socket.write("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
      });
    });
    const { client } = open();
    const bytes = Buffer.alloc(20_000_000, "x");
    const exchange = await client.exchange(wire(server.port, { bytes, retriable: false }), within(2000));
    expect(outcome(exchange)).toEqual([0, 413, ""]);
    expect(phases(exchange)).toBeCloseTo(exchange.endedAt - exchange.startedAt, 3);
    expect((await client.exchange(wire(server.port), within(1000))).status).toBe(413);
    expect(server.accepted).toBe(2);
  });

  it("sends a large request whole and counts its time as sending", async () => {
    const length = 5_000_000;
    const server = createHttpServer(async (request, response) => {
      let received = 0;
      for await (const chunk of request) received += (chunk as Buffer).length;
      response.end(String(received));
    });
    const port = await listening(server);
    const head = Buffer.from(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`);
    const bytes = Buffer.concat([head, Buffer.alloc(length, "x")]);
    const { client } = open();
    for (let i = 0; i < 2; i++) {
      const exchange = await client.exchange(wire(port, { bytes, retriable: false }), within(5000));
      expect([exchange.code, exchange.body?.toString(), exchange.bytesSent]).toEqual([0, String(length), bytes.length]);
      expect(exchange.sending).toBeGreaterThan(0);
    }
  });

  it("speaks with node:http in all its ways", async () => {
    const server = createHttpServer((request, response) => {
      if (request.url === "/chunks") {
        response.write("one ");
        setImmediate(() => response.end("two"));
      } else if (request.url === "/large") response.end(Buffer.alloc(1_000_000, "l"));
      else response.end("plain");
    });
    const port = await listening(server);
    const { client } = open();
    const fetchPath = async (path: string) => {
      const bytes = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
      return (await client.exchange(wire(port, { bytes }), within(2000))).body?.toString();
    };
    expect(await fetchPath("/chunks")).toBe("one two");
    expect(await fetchPath("/large")).toBe("l".repeat(1_000_000));
    expect(await fetchPath("/")).toBe("plain");
    const uncounted = await client.exchange(
      wire(port, { bytes: Buffer.from("GET /large HTTP/1.1\r\nHost: x\r\n\r\n"), keepBody: false }),
      within(2000),
    );
    expect([uncounted.body, uncounted.bytesReceived > 1_000_000]).toEqual([null, true]);
  });
});

/** Closes each connection that has carried one exchange, as soon as the next request comes. */
function closesOnSecond(how: (socket: Socket) => void): (socket: Socket) => void {
  return (socket) => {
    let n = 0;
    socket.on("data", () => (n++ === 0 ? socket.write(ok) : how(socket)));
  };
}

describe("an idle connection that the server has closed", () => {
  it.each([
    ["properly", (socket: Socket) => socket.end()],
    ["by a reset", (socket: Socket) => socket.resetAndDestroy()],
  ])("%s is replaced once, silently, when that is safe", async (_name, how) => {
    const server = await serve(closesOnSecond(how));
    const { client } = open();
    await client.exchange(wire(server.port), within(1000));
    const second = await client.exchange(wire(server.port), within(1000));
    expect([...outcome(second), second.counted]).toEqual([0, 200, "", true]);
    expect(second.bytesSent).toBe(60);
    expect(phases(second)).toBeCloseTo(second.endedAt - second.startedAt, 3);
    expect(server.accepted).toBe(2);
  });

  it("fails the exchange when it is not", async () => {
    const server = await serve(closesOnSecond((socket) => socket.end()));
    const { client } = open();
    const unsafe = wire(server.port, { retriable: false });
    await client.exchange(unsafe, within(1000));
    const second = await client.exchange(unsafe, within(1000));
    expect(outcome(second)).toEqual([1000, 0, `127.0.0.1:${server.port} closed the connection without an answer`]);
    expect(server.accepted).toBe(1);
  });

  it("is not tried again when the new connection fails too", async () => {
    let connections = 0;
    const server = await serve((socket) => {
      const first = connections++ === 0;
      closesOnSecond((s) => s.end())(socket);
      if (!first) socket.end();
    });
    const { client } = open();
    await client.exchange(wire(server.port), within(1000));
    expect((await client.exchange(wire(server.port), within(1000))).code).toBe(1000);
    expect(server.accepted).toBe(2);
  });
});

describe("a failure is a result", () => {
  it("refused: 1212", async () => {
    const server = await startRawServer(() => undefined);
    await server.close();
    const { client } = open();
    const exchange = await client.exchange(wire(server.port), within(1000));
    expect(outcome(exchange)).toEqual([1212, 0, `connection to 127.0.0.1:${server.port} refused`]);
    expect([exchange.counted, exchange.interrupted, exchange.bytesSent]).toEqual([true, false, 0]);
    expect(phases(exchange)).toBeCloseTo(exchange.endedAt - exchange.startedAt, 3);
  });

  it("no such host: 1101", async () => {
    const { client } = open();
    const exchange = await client.exchange(wire(80, { host: "no-such-host.invalid" }), within(3000));
    expect([...outcome(exchange), exchange.counted]).toEqual([1101, 0, "no such host: no-such-host.invalid", true]);
  });

  it("no answer to the dial: 1211", async () => {
    // A listener whose queue is full leaves further dials unanswered.
    const { port, close } = await startDeafListener();
    onTestFinished(close);
    const { client } = open();
    const exchange = await client.exchange(wire(port, { connectTimeoutMs: 60 }), within(1000));
    expect([...outcome(exchange), exchange.counted]).toEqual([
      1211,
      0,
      `connection to 127.0.0.1:${port} timed out`,
      true,
    ]);
    expect(exchange.connecting).toBeGreaterThanOrEqual(59);
    const total = await client.exchange(wire(port, { connectTimeoutMs: 1000 }), within(40));
    expect([...outcome(total), total.counted]).toEqual([
      1050,
      0,
      `no complete answer from 127.0.0.1:${port} in time`,
      true,
    ]);
    expect(phases(total)).toBeCloseTo(total.endedAt - total.startedAt, 3);
  });

  it.each([
    ["before the answer", ""],
    ["in the middle of the head", "HTTP/1.1 200 OK\r\nContent-"],
    ["in the middle of the body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhell"],
    ["in a body without end", "HTTP/1.1 200 OK\r\n\r\nhell"],
  ])("a stall %s: 1050, on time", async (_name, text) => {
    const server = await serve(answering(() => text));
    const { client } = open();
    const exchange = await client.exchange(wire(server.port), within(50));
    expect(outcome(exchange)).toEqual([1050, 0, `no complete answer from 127.0.0.1:${server.port} in time`]);
    const took = exchange.endedAt - exchange.startedAt;
    expect(took).toBeGreaterThanOrEqual(49);
    expect(took).toBeLessThan(500);
    expect(phases(exchange)).toBeCloseTo(took, 3);
  });

  it("a deadline before that of the exchange before it: 1050, on time; a later one is not cut short", async () => {
    let stall = false;
    const server = await serve((socket) => socket.on("data", () => void (stall || socket.write(ok))));
    const { client } = open();
    await client.exchange(wire(server.port), within(60_000));
    stall = true;
    const short = await client.exchange(wire(server.port), within(30));
    expect([short.code, short.endedAt - short.startedAt < 1000]).toEqual([1050, true]);
    stall = false;
    await client.exchange(wire(server.port), within(30));
    stall = true;
    const longer = await client.exchange(wire(server.port), within(80));
    expect([longer.code, longer.endedAt - longer.startedAt >= 79]).toEqual([1050, true]);
  });

  it("no time left: 1050, nothing is sent", async () => {
    const { client } = open();
    const exchange = await client.exchange(wire(1), clock.now());
    expect([...outcome(exchange), exchange.counted]).toEqual([1050, 0, "no time was left to send the request", false]);
  });

  it.each([
    ["a close before the answer", (s: Socket) => s.end(), 1000, "closed the connection without an answer"],
    [
      "a close in the head",
      (s: Socket) => s.end("HTTP/1.1 200"),
      1000,
      "closed the connection in the middle of an answer",
    ],
    [
      "a close in the body",
      (s: Socket) => s.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"),
      1000,
      "closed the connection in the middle of an answer",
    ],
    [
      "a close in the chunks",
      (s: Socket) => s.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nx"),
      1000,
      "closed the connection in the middle of an answer",
    ],
  ])("%s", async (_name, how, code, message) => {
    const server = await serve((socket) => socket.once("data", () => how(socket)));
    const { client } = open();
    const exchange = await client.exchange(wire(server.port), within(1000));
    expect(outcome(exchange)).toEqual([code, 0, `127.0.0.1:${server.port} ${message}`]);
    expect(exchange.counted).toBe(true);
  });

  it.each([
    ["before the answer", ""],
    ["in the body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"],
  ])("a reset %s: 1220", async (_name, text) => {
    const server = await serve((socket) => {
      socket.once("data", () => socket.write(text, () => setImmediate(() => socket.resetAndDestroy())));
    });
    const { client } = open();
    const exchange = await client.exchange(wire(server.port), within(1000));
    expect(outcome(exchange)).toEqual([1220, 0, `connection to 127.0.0.1:${server.port} reset`]);
  });

  it.each([
    ["garbage", "SSH-2.0-x\r\n", "not HTTP/1"],
    ["a length that is none", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", 'content-length "x" is not a length'],
    [
      "a head without end",
      `HTTP/1.1 200 OK\r\nA: ${"x".repeat(70_000)}`,
      "its headers are larger than max_header (65536 bytes)",
    ],
    [
      "a body that is too large",
      "HTTP/1.1 200 OK\r\nContent-Length: 1000001\r\n\r\n",
      "its body is larger than max_body (1000000 bytes)",
    ],
  ])("%s: 1000", async (_name, text, problem) => {
    const server = await serve(answering(() => text));
    const { client } = open();
    const exchange = await client.exchange(wire(server.port), within(1000));
    expect(outcome(exchange)).toEqual([1000, 0, `bad answer from 127.0.0.1:${server.port}: ${problem}`]);
  });

  it("an endless body that nobody keeps ends by the deadline", async () => {
    const piece = Buffer.alloc(65_536);
    const server = await serve((socket) => {
      const pour = () => {
        while (!socket.destroyed && socket.write(piece));
      };
      socket.on("drain", pour);
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        pour();
      });
    });
    const { client } = open();
    const exchange = await client.exchange(wire(server.port, { keepBody: false }), within(60));
    expect([exchange.code, exchange.bytesReceived > 1_000_000]).toEqual([1050, true]);
  });
});

describe("permission and interruption", () => {
  it("asks before every dial: a refused address is 1110", async () => {
    const asked: string[] = [];
    const permit = {
      maySend: () => true,
      refuses: (host: string, address: string) => (asked.push(`${host} ${address}`), "on the deny list"),
    };
    const { client } = open({}, permit);
    const exchange = await client.exchange(wire(80, { host: "localhost" }), within(1000));
    expect([exchange.code, exchange.counted]).toEqual([1110, true]);
    expect(exchange.message).toMatch(/^localhost \(.*:80\) may not be dialled: on the deny list$/);
    expect(asked[0]).toBe("localhost 127.0.0.1");
  });

  it("asks before every send: without permission nothing goes out and nothing is counted", async () => {
    const server = await serve(answering(() => ok));
    let may = true;
    const { client } = open({}, { maySend: () => may, refuses: () => null });
    await client.exchange(wire(server.port), within(1000));
    may = false;
    const exchange = await client.exchange(wire(server.port), within(1000));
    expect([...outcome(exchange), exchange.interrupted, exchange.counted, exchange.bytesSent]).toEqual([
      1000,
      0,
      "interrupted",
      true,
      false,
      0,
    ]);
  });

  it("asks again after the dial", async () => {
    const received: string[] = [];
    const server = await serve((socket) => socket.on("data", (data) => received.push(data.toString())));
    let asked = 0;
    const { client } = open({}, { maySend: () => ++asked < 3, refuses: () => null });
    const exchange = await client.exchange(wire(server.port), within(1000));
    expect([exchange.interrupted, exchange.counted, asked, received]).toEqual([true, false, 3, []]);
  });

  it("an abort ends what runs, sent or not, and everything after it", async () => {
    const arrival = Promise.withResolvers<void>();
    const server = await serve((socket) => socket.once("data", () => arrival.resolve()));
    const { port, close } = await startDeafListener();
    onTestFinished(close);
    const { client, abort } = open();
    const sent = client.exchange(wire(server.port), within(5000));
    const dialling = client.exchange(wire(port), within(5000));
    await arrival.promise;
    abort.abort();
    const later = client.exchange(wire(server.port), within(5000));
    const all = await Promise.all([sent, dialling, later]);
    expect(all.map((exchange) => [exchange.interrupted, exchange.counted, exchange.code])).toEqual([
      [true, true, 1000],
      [true, false, 1000],
      [true, false, 1000],
    ]);
    for (const exchange of all) expect(phases(exchange)).toBeCloseTo(exchange.endedAt - exchange.startedAt, 3);
  });

  it("close ends what runs, waits for the sockets, and may be called again", async () => {
    const server = await serve((socket) => socket.once("data", () => undefined));
    const { transport, client } = open();
    const running = client.exchange(wire(server.port), within(5000));
    client.close();
    client.close();
    expect((await running).interrupted).toBe(true);
    await transport.close();
    await transport.close();
    expect(
      (await transport.client(new AbortController().signal).exchange(wire(server.port), within(100))).interrupted,
    ).toBe(true);
  });
});

describe("many clients of a server that misbehaves in every way", () => {
  const ways: readonly (readonly [name: string, act: (socket: Socket) => void, codes: readonly number[]])[] = [
    ["answers", (socket) => socket.write(ok), [0]],
    [
      "answers in pieces",
      (socket) => socket.write(ok.slice(0, 20), () => setImmediate(() => socket.write(ok.slice(20)))),
      [0],
    ],
    ["answers and closes", (socket) => socket.end(ok.replace("OK", "OK\r\nConnection: close")), [0]],
    ["answers too much", (socket) => socket.write(ok + ok), [0]],
    ["closes", (socket) => socket.end(), [1000]],
    ["resets", (socket) => socket.resetAndDestroy(), [1220]],
    ["stops in the middle", (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Le"), [1000]],
    ["talks nonsense", (socket) => socket.write("what?\r\n\r\n"), [1000]],
    ["says nothing", () => undefined, [1050]],
  ];

  it("every exchange ends with its code, counts once, and leaves nothing behind", async () => {
    let arrived = 0;
    const server = await serve((socket) => {
      socket.on("data", (data) => {
        arrived++;
        const way = Number(/way: (\d+)/.exec(data.toString())?.[1]);
        ways[way]?.[1](socket);
      });
    });
    const { transport } = open();
    const all: Exchange[] = [];
    const act = async (id: number) => {
      const client = transport.client(new AbortController().signal);
      for (let turn = 0; turn < 18; turn++) {
        const way = (id * 7 + turn * (1 + (id % 8))) % ways.length;
        const bytes = Buffer.from(`GET / HTTP/1.1\r\nway: ${way}\r\n\r\n`);
        const exchange = await client.exchange(
          wire(server.port, { bytes, retriable: false }),
          within(way === 8 ? 5 : 5000),
        );
        expect(ways[way]?.[2], ways[way]?.[0]).toContain(exchange.code);
        expect(phases(exchange)).toBeCloseTo(exchange.endedAt - exchange.startedAt, 3);
        all.push(exchange);
      }
      client.close();
    };
    await Promise.all(Array.from({ length: 25 }, (_, id) => act(id)));
    expect(all).toHaveLength(25 * 18);
    // What was written may still be lost with a connection that the server has just closed, never the reverse.
    expect(all.filter((exchange) => exchange.counted).length).toBeGreaterThanOrEqual(arrived);
    await transport.close();
    await expect.poll(() => server.open).toBe(0);
  });

  it("keeps at most 32 connections per client", async () => {
    const server = await serve(answering(() => ok));
    const { client } = open();
    for (let i = 0; i < 40; i++) {
      const request = wire(server.port);
      await client.exchange({ ...request, origin: { ...request.origin, key: `origin ${i}` } }, within(1000));
    }
    await expect.poll(() => server.open).toBe(32);
    expect(server.accepted).toBe(40);
  });
});

describe("names", () => {
  it("tries every address in turn and dials what hosts says, with another port too", async () => {
    const server = await serve(answering(() => ok));
    const hosts = { "shop.test": "127.0.0.1", "other.test:81": `127.0.0.1:${server.port}`, "six.test": "[::1]" };
    const { client } = open({ hosts });
    expect((await client.exchange(wire(server.port, { host: "shop.test" }), within(1000))).status).toBe(200);
    expect((await client.exchange(wire(81, { host: "other.test" }), within(1000))).status).toBe(200);
    const six = await client.exchange(wire(1, { host: "six.test" }), within(1000));
    expect([six.code, six.message]).toEqual([1212, "connection to six.test ([::1]:1) refused"]);
  });

  it("understands IPv6 addresses", async () => {
    const server = createHttpServer((_request, response) => response.end("six"));
    server.listen(0, "::1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const { client } = open();
    const exchange = await client.exchange(wire((server.address() as AddressInfo).port, { host: "::1" }), within(1000));
    expect([exchange.body?.toString(), exchange.remoteAddress]).toEqual(["six", "::1"]);
    client.close();
  });
});

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
    const first = await client.exchange(request, within(2000));
    expect([first.code, first.body?.toString(), first.tlsVersion]).toEqual([0, "safe", "tls1.3"]);
    expect(first.tlsHandshaking).toBeGreaterThan(0);
    expect(phases(first)).toBeCloseTo(first.endedAt - first.startedAt, 3);
    const second = await client.exchange({ ...request, tls: { ...trusting } }, within(2000));
    expect([second.status, second.tlsHandshaking, second.tlsVersion]).toEqual([200, 0, "tls1.3"]);
    expect(reused).toEqual([false]);
  });

  it("resumes sessions on new connections", async () => {
    const { port, reused } = await serveTls();
    const { client } = open();
    const request = wire(port, { secure: true, host: "localhost", tls: trusting });
    await client.exchange(request, within(2000));
    await client.exchange(request, within(2000));
    client.closeIdle();
    expect((await client.exchange(request, within(2000))).status).toBe(200);
    expect(reused).toEqual([false, true]);
  });

  it("speaks TLS 1.2", async () => {
    const { port } = await serveTls({ ...server, maxVersion: "TLSv1.2" });
    const { client } = open();
    const exchange = await client.exchange(
      wire(port, { secure: true, host: "localhost", tls: trusting }),
      within(2000),
    );
    expect([exchange.status, exchange.tlsVersion]).toEqual([200, "tls1.2"]);
  });

  it("an unknown issuer is 1310, unless nothing is verified", async () => {
    const { port } = await serveTls();
    const { client } = open();
    const request = wire(port, { secure: true, host: "localhost" });
    const exchange = await client.exchange(request, within(2000));
    expect([exchange.code, exchange.counted]).toEqual([1310, true]);
    expect(exchange.message).toContain(
      `TLS handshake with localhost (127.0.0.1:${port}) failed: self-signed certificate`,
    );
    expect((await client.exchange({ ...request, tls: { ...noTls, verify: false } }, within(2000))).status).toBe(200);
    expect((await client.exchange(request, within(2000))).code).toBe(1310);
  });

  it("a certificate for another name is 1311; the name is the request's, whatever is dialled", async () => {
    const { port } = await serveTls();
    const { client } = open({ hosts: { "shop.test": "127.0.0.1" } });
    expect(
      (await client.exchange(wire(port, { secure: true, host: "shop.test", tls: trusting }), within(2000))).code,
    ).toBe(1311);
    expect((await client.exchange(wire(port, { secure: true, tls: trusting }), within(2000))).status).toBe(200);
  });

  it("a client certificate is shown", async () => {
    const { port } = await serveTls({ ...server, requestCert: true, rejectUnauthorized: true, ca: certificate });
    const { client } = open();
    const request = wire(port, { secure: true, host: "localhost", tls: { ...trusting, cert: certificate, key } });
    expect((await client.exchange(request, within(2000))).status).toBe(200);
    const without = await client.exchange({ ...request, tls: trusting }, within(2000));
    expect(without.code).toBeGreaterThanOrEqual(1200);
  });

  it("a server that speaks no TLS is 1300, one that says nothing 1211, broken settings 1300", async () => {
    const plain = await serve(answering(() => ok));
    const silent = await serve(() => undefined);
    const closing = await serve((socket) => socket.end());
    const { client } = open();
    const secure = { secure: true, tls: trusting };
    expect((await client.exchange(wire(plain.port, secure), within(2000))).code).toBe(1300);
    expect((await client.exchange(wire(closing.port, secure), within(2000))).code).toBe(1300);
    const stalled = await client.exchange(wire(silent.port, { ...secure, connectTimeoutMs: 50 }), within(2000));
    expect([stalled.code, stalled.message]).toEqual([1211, `TLS handshake with 127.0.0.1:${silent.port} timed out`]);
    const broken = await client.exchange(
      wire(1, { secure: true, tls: { ...noTls, ca: "no PEM", cert: "x", key: "y" } }),
      within(2000),
    );
    expect([broken.code, broken.message.startsWith("tls settings of the request: ")]).toEqual([1300, true]);
  });
});

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
  return (server.address() as AddressInfo).port;
}
