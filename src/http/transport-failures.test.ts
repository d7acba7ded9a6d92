import type { Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { startDeafListener } from "../../test/support/deaf-listener.ts";
import { answering, clock, ok, open, outcome, phases, serve, wire, within } from "../../test/support/transport.ts";
import type { Exchange } from "./exchange.ts";

describe("a failure is a result", () => {
  it("refused: 1212", async () => {
    const { client } = open();
    const exchange = await client.exchange(wire(1), within());
    expect(outcome(exchange)).toEqual([1212, 0, "connection to 127.0.0.1:1 refused"]);
    expect([exchange.counted, exchange.interrupted, exchange.bytesSent]).toEqual([true, false, 0]);
    expect(phases(exchange)).toBeCloseTo(exchange.endedAt - exchange.startedAt, 3);
  });

  it("no such host: 1101", async () => {
    const { client } = open();
    const exchange = await client.exchange(wire(80, { host: "no-such-host.invalid" }), within());
    expect([...outcome(exchange), exchange.counted]).toEqual([1101, 0, "no such host: no-such-host.invalid", true]);
  });

  it("no answer to the dial: 1211", async () => {
    // A listener whose queue is full leaves further dials unanswered.
    const { port, close } = await startDeafListener();
    onTestFinished(close);
    const { client } = open();
    const dialling = client.exchange(wire(port, { connectTimeoutMs: 60_000 }), within());
    clock.turn(60_000);
    const exchange = await dialling;
    expect([...outcome(exchange), exchange.counted]).toEqual([
      1211,
      0,
      `connection to 127.0.0.1:${port} timed out`,
      true,
    ]);
    expect(exchange.connecting).toBeGreaterThanOrEqual(59_000);
    const waiting = client.exchange(wire(port), within(40_000));
    clock.turn(40_000);
    const total = await waiting;
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
    const stalled = Promise.withResolvers<void>();
    const server = await serve((socket) => socket.once("data", () => socket.write(text, () => stalled.resolve())));
    const { client } = open();
    const running = client.exchange(wire(server.port), within(50_000));
    await stalled.promise;
    // The client reads what was written before it hears of the time.
    for (let turns = 0; turns < 3; turns++) await nextTurn();
    clock.turn(50_000);
    const exchange = await running;
    expect(outcome(exchange)).toEqual([1050, 0, `no complete answer from 127.0.0.1:${server.port} in time`]);
    const took = exchange.endedAt - exchange.startedAt;
    expect(took).toBeGreaterThanOrEqual(50_000);
    expect(phases(exchange)).toBeCloseTo(took, 3);
  });

  it("a deadline before that of the exchange before it: 1050, on time; a later one is not cut short", async () => {
    let stall = false;
    const server = await serve((socket) => socket.on("data", () => void (stall || socket.write(ok))));
    const { client } = open();
    await client.exchange(wire(server.port), within());
    stall = true;
    const short = client.exchange(wire(server.port), within(300_000));
    clock.turn(300_000);
    expect((await short).code).toBe(1050);
    stall = false;
    await client.exchange(wire(server.port), within(300_000));
    stall = true;
    const longer = client.exchange(wire(server.port), within(800_000));
    clock.turn(500_000);
    clock.turn(300_000);
    const { code, startedAt, endedAt } = await longer;
    expect([code, endedAt - startedAt >= 800_000]).toEqual([1050, true]);
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
    const exchange = await client.exchange(wire(server.port), within());
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
    const exchange = await client.exchange(wire(server.port), within());
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
    const exchange = await client.exchange(wire(server.port), within());
    expect(outcome(exchange)).toEqual([1000, 0, `bad answer from 127.0.0.1:${server.port}: ${problem}`]);
  });

  it("an endless body that nobody keeps ends by the deadline", async () => {
    const piece = Buffer.alloc(65_536);
    let poured = 0;
    const server = await serve((socket) => {
      const pour = () => {
        do poured += piece.length;
        while (!socket.destroyed && socket.write(piece));
      };
      socket.on("drain", pour);
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        pour();
      });
    });
    const { client } = open();
    const running = client.exchange(wire(server.port, { keepBody: false }), within(60_000));
    // More than sockets hold.
    await expect.poll(() => poured).toBeGreaterThan(50_000_000);
    clock.turn(60_000);
    const exchange = await running;
    expect([exchange.code, exchange.bytesReceived > 1_000_000]).toEqual([1050, true]);
  });
});

describe("permission and interruption", () => {
  it("asks before every dial: a refused address is 1110", async () => {
    const asked: string[] = [];
    const permit = {
      maySend: () => true,
      refuses: (host: string, address: string) =>
        address === "" ? null : (asked.push(`${host} ${address}`), "on the deny list"),
    };
    const { client } = open({}, permit);
    const exchange = await client.exchange(wire(80, { host: "localhost" }), within());
    expect([exchange.code, exchange.counted]).toEqual([1110, true]);
    expect(exchange.message).toMatch(/^localhost \(.*:80\) may not be dialled: on the deny list$/);
    expect(asked[0]).toBe("localhost 127.0.0.1");
  });

  it("asks with the name before it is looked up, and with the one that `hosts` puts in its place: 1111", async () => {
    const asked: string[] = [];
    const permit = {
      maySend: () => true,
      refuses: (host: string, address: string) => (asked.push(`${host} ${address}`), host === "b.test" ? "no" : null),
    };
    const { client } = open({ hosts: { "a.test": "b.test" } }, permit);
    const exchange = await client.exchange(wire(80, { host: "a.test" }), within());
    expect([exchange.code, exchange.message]).toEqual([1111, "b.test may not be dialled: no"]);
    expect(asked).toEqual(["a.test ", "b.test "]);
  });

  it("asks before every send: without permission nothing goes out and nothing is counted", async () => {
    const server = await serve(answering(() => ok));
    let may = true;
    const { client } = open({}, { maySend: () => may, refuses: () => null });
    await client.exchange(wire(server.port), within());
    may = false;
    const exchange = await client.exchange(wire(server.port), within());
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
    const exchange = await client.exchange(wire(server.port), within());
    expect([exchange.interrupted, exchange.counted, asked, received]).toEqual([true, false, 3, []]);
  });

  it("an abort ends what runs, sent or not, and everything after it", async () => {
    const arrival = Promise.withResolvers<void>();
    const server = await serve((socket) => socket.once("data", () => arrival.resolve()));
    const { port, close } = await startDeafListener();
    onTestFinished(close);
    const { client, abort } = open();
    const sent = client.exchange(wire(server.port), within());
    const dialling = client.exchange(wire(port), within());
    await arrival.promise;
    abort.abort();
    const later = client.exchange(wire(server.port), within());
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
    const running = client.exchange(wire(server.port), within());
    client.close();
    client.close();
    expect((await running).interrupted).toBe(true);
    await transport.close();
    await transport.close();
    expect(
      (await transport.client(new AbortController().signal).exchange(wire(server.port), within())).interrupted,
    ).toBe(true);
  });
});

describe("many clients of a server that misbehaves in every way", () => {
  /** What an exchange has whose server says nothing: the server lets it pass as soon as it hears of one. */
  const silenceMs = 5_000;
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
    ["says nothing", () => clock.turn(silenceMs), [1050]],
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
          way === 8 ? within(silenceMs) : within(),
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
      await client.exchange({ ...request, origin: { ...request.origin, key: `origin ${i}` } }, within());
    }
    await expect.poll(() => server.open).toBe(32);
    expect(server.accepted).toBe(40);
  });
});
