import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { describe, expect, it } from "vitest";
import { frame, frames, message, serveFrames } from "../../../test/support/http2-server.ts";
import type { Exchange } from "../exchange.ts";
import {
  certificate,
  clock,
  key,
  listening,
  noTls,
  open,
  outcome,
  phases,
  within,
} from "../../../test/support/transport.ts";

const whole = (stream: number) => [frames.ok(stream), frames.data(stream, "ok", true)];

describe("GOAWAY", () => {
  it("that leaves a request out: it runs on a new connection, once", async () => {
    const server = await serveFrames((stream, _socket, connection) =>
      connection === 1 ? [frames.goaway(0, 0)] : whole(stream),
    );
    const { client } = open();
    const exchange = await client.exchange(message(server.port, { method: "POST", retriable: false }), within());
    expect(outcome(exchange)).toEqual([0, 200, ""]);
    expect(phases(exchange)).toBeCloseTo(exchange.endedAt - exchange.startedAt, 3);
    expect(server.streams).toEqual([
      [1, 1],
      [2, 1],
    ]);
  });

  it("on every connection is a failure", async () => {
    const server = await serveFrames(() => [frames.goaway(0, 0)]);
    const { client } = open();
    const exchange = await client.exchange(message(server.port), within());
    expect([exchange.code, exchange.counted, exchange.status]).toEqual([1611, true, 0]);
    expect(server.connections).toBe(2);
  });

  it("lets what the server has begun end, and sends what follows elsewhere", async () => {
    const server = await serveFrames((stream, _socket, connection) =>
      connection === 1 ? [frames.goaway(stream, 0), ...whole(stream)] : whole(stream),
    );
    const { client } = open();
    const first = await client.exchange(message(server.port), within());
    const second = await client.exchange(message(server.port), within());
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(server.streams).toEqual([
      [1, 1],
      [2, 1],
    ]);
  });

  it("with an error fails what was begun: 1611 and the error", async () => {
    const server = await serveFrames((stream) => [frames.goaway(stream, 11)]);
    const { client } = open();
    const exchange = await client.exchange(message(server.port), within());
    expect(outcome(exchange)).toEqual([1622, 0, `127.0.0.1:${server.port} ended the session: ENHANCE_YOUR_CALM`]);
  });
});

describe("RST_STREAM", () => {
  it.each([
    ["INTERNAL_ERROR", 2, 1633],
    ["CANCEL", 8, 1639],
    ["ENHANCE_YOUR_CALM", 11, 1642],
    ["error 77", 77, 1630],
  ])("with %s is 1631 and the error", async (name, error, code) => {
    const server = await serveFrames((stream) => [frames.reset(stream, error)]);
    const { client } = open();
    const exchange = await client.exchange(message(server.port), within());
    expect([exchange.code, exchange.counted]).toEqual([code, true]);
    expect(exchange.message).toContain(`127.0.0.1:${server.port} reset the stream: ${name}`);
    expect(phases(exchange)).toBeCloseTo(exchange.endedAt - exchange.startedAt, 3);
    // The session is good for more.
    await client.exchange(message(server.port), within());
    expect(server.connections).toBe(1);
  });

  it("with REFUSED_STREAM is sent again, once", async () => {
    const server = await serveFrames((stream) => (stream === 1 ? [frames.reset(stream, 7)] : whole(stream)));
    const { client } = open();
    const exchange = await client.exchange(message(server.port, { retriable: false }), within());
    expect(outcome(exchange)).toEqual([0, 200, ""]);
    const always = await serveFrames((stream) => [frames.reset(stream, 7)]);
    const refused = await client.exchange(message(always.port), within());
    expect([refused.code, always.streams.length]).toEqual([1638, 2]);
  });

  it("in the middle of an answer is no answer", async () => {
    const server = await serveFrames((stream) => [
      frames.ok(stream),
      frames.data(stream, "half"),
      frames.reset(stream, 8),
    ]);
    const { client } = open();
    const exchange = await client.exchange(message(server.port), within());
    expect([exchange.code, exchange.status, exchange.body]).toEqual([1639, 200, null]);
  });
});

/** An answer with a content-length, a literal field of HPACK with its name from the table. */
const sized = (stream: number, length: string) =>
  frame(1, 4, stream, Buffer.concat([Buffer.from([0x88, 0x0f, 0x0d, length.length]), Buffer.from(length)]));

describe("a content-length that", () => {
  it.each([
    ["is longer than the body", "5", "abc", true],
    ["is longer than a body that nobody reads", "5", "abc", false],
    ["is not that of an empty body", "5", "", true],
  ])("%s makes a bad answer, as over HTTP/1.1", async (_name, length, text, keepBody) => {
    const server = await serveFrames((stream) =>
      stream === 1 ? [sized(stream, length), frames.data(stream, text, true)] : whole(stream),
    );
    const { client } = open();
    const exchange = await client.exchange(message(server.port, { keepBody }), within(5000));
    const problem = `its body is not as long as its content-length, ${length}`;
    expect(outcome(exchange)).toEqual([1000, 200, `bad answer from 127.0.0.1:${server.port}: ${problem}`]);
    expect(exchange.body).toBe(null);
    // The session is good for more.
    expect((await client.exchange(message(server.port), within(5000))).status).toBe(200);
    expect(server.connections).toBe(1);
  });

  it.each([true, false])(
    "is shorter than the body is named as what may have ended the session, kept %s",
    async (keepBody) => {
      const server = await serveFrames((stream) => [sized(stream, "2"), frames.data(stream, "abc", true)]);
      const { client } = open();
      const exchange = await client.exchange(message(server.port, { keepBody }), within(5000));
      const problem = "Protocol error; it does so where a body is longer than its content-length";
      expect(outcome(exchange)).toEqual([1652, 200, `HTTP/2 with 127.0.0.1:${server.port}: ${problem}`]);
    },
  );

  it("is the body's is none of it", async () => {
    const server = await serveFrames((stream) => [sized(stream, "3"), frames.data(stream, "abc", true)]);
    const { client } = open();
    expect(outcome(await client.exchange(message(server.port), within(5000)))).toEqual([0, 200, ""]);
  });

  it("is no length may have reset the stream", async () => {
    const server = await serveFrames((stream) => [sized(stream, "five"), frames.data(stream, "abc", true)]);
    const { client } = open();
    const exchange = await client.exchange(message(server.port), within(5000));
    const reason = "or its headers break HTTP's rules, such as a content-length that is no length";
    expect(outcome(exchange)).toEqual([
      1632,
      0,
      `127.0.0.1:${server.port} reset the stream: PROTOCOL_ERROR (${reason})`,
    ]);
  });
});

describe("a server that", () => {
  it("closes in the middle of an answer fails it", async () => {
    const server = await serveFrames((stream, socket) => {
      socket.write(Buffer.concat([frames.ok(stream), frames.data(stream, "half")]), () => socket.end());
      return [];
    });
    const { client } = open();
    const exchange = await client.exchange(message(server.port), within());
    expect([exchange.code > 0, exchange.counted, exchange.body]).toEqual([true, true, null]);
  });

  it("closes a kept session: what is safe to repeat goes out on a new one", async () => {
    const server = await serveFrames((stream, socket, connection) => {
      if (connection > 1 || stream === 1) return whole(stream);
      socket.destroy();
      return [];
    });
    const { client } = open();
    expect((await client.exchange(message(server.port), within())).status).toBe(200);
    const again = await client.exchange(message(server.port), within());
    expect(outcome(again)).toEqual([0, 200, ""]);
    expect(server.streams).toEqual([
      [1, 1],
      [1, 3],
      [2, 1],
    ]);
  });

  it("sends an answer half and then nothing ends at the deadline, and others go on", async () => {
    const server = await serveFrames((stream) => (stream === 1 ? [frames.ok(stream)] : whole(stream)));
    const { client } = open();
    const running = client.exchange(message(server.port), within(300_000));
    // Comes behind the half answer.
    const good = await client.exchange(message(server.port), within());
    clock.turn(300_000);
    const late = await running;
    expect([late.code, late.status, good.status]).toEqual([1050, 200, 200]);
    expect((await client.exchange(message(server.port), within())).status).toBe(200);
    expect(server.connections).toBe(1);
  });

  it.each([
    ["SETTINGS", (n: number) => frames.settings([3, 100 + (n % 7)])],
    ["PING", () => frames.ping()],
    ["RST_STREAM", () => frames.reset(1, 8)],
    ["empty DATA", () => frame(0, 0, 1)],
    ["unknown frames", () => frame(99, 0, 0, Buffer.alloc(100))],
  ])("floods with %s costs bounded memory and ends at the deadline at the latest", async (_name, make) => {
    const flood = Buffer.concat(Array.from({ length: 200_000 }, (_, n) => make(n)));
    const server = await serveFrames((stream, socket) => {
      // The deadline comes when all of it went out, or nobody takes it any more.
      socket.write(Buffer.concat([frames.ok(stream), flood]), () => clock.turn(2_000));
      return [];
    });
    const { client } = open();
    const before = process.memoryUsage().rss;
    const exchange = await client.exchange(message(server.port), within(2_000));
    expect([exchange.counted, exchange.code > 0]).toEqual([true, true]);
    expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
  });

  it.each([
    ["garbage", Buffer.from("this is not HTTP/2 at all, whatever it may be"), 1652],
    ["a frame larger than any", frame(0, 0, 0, Buffer.alloc(40_000)), 1652],
    ["DATA of no stream", frames.data(0, "x"), 1652],
    ["a window that overflows", frame(8, 0, 0, Buffer.from("7fffffff", "hex")), 1654],
  ])("breaks the rules with %s fails the exchange: 1651 and the error", async (_name, bytes, code) => {
    const server = await serveFrames(() => [bytes]);
    const { client } = open();
    const exchange = await client.exchange(message(server.port), within());
    expect([exchange.counted, exchange.code]).toEqual([true, code]);
  });

  it("allows no stream at all lets the deadline decide", async () => {
    const server = await serveFrames(whole, [frames.settings([3, 0])]);
    const { client } = open();
    // Goes out before the client knows.
    const early = await client.exchange(message(server.port), within());
    await expect.poll(() => server.settled).toBe(1);
    const running = client.exchange(message(server.port), within(300_000));
    clock.turn(300_000);
    const exchange = await running;
    expect([early.code, exchange.code]).toEqual([0, 1050]);
    expect(phases(exchange)).toBeCloseTo(exchange.endedAt - exchange.startedAt, 3);
    expect(server.streams).toEqual([[1, 1]]);
  });

  it.each([false, true])("never sends SETTINGS is a dial timeout for all that wait (TLS: %s)", async (secure) => {
    const begun = Promise.withResolvers<void>();
    const mute = (socket: Socket) => void socket.on("error", () => undefined).on("data", () => begun.resolve());
    const tls = { cert: certificate, key, ALPNProtocols: ["h2"] };
    const port = await listening(secure ? createTlsServer(tls, mute) : createServer(mute));
    const { client } = open();
    const request = message(port, { secure, tls: { ...noTls, ca: certificate }, connectTimeoutMs: 30_000 });
    const running = [1, 2].map(() => client.exchange(request, within()));
    await begun.promise;
    clock.turn(30_000);
    const exchanges = await Promise.all(running);
    const name = `${secure ? "localhost" : "127.0.0.1"}:${port}`;
    const expected = [1211, 0, `${name} sent no SETTINGS in time; does it speak HTTP/2?`];
    expect(exchanges.map(outcome)).toEqual([expected, expected]);
    for (const exchange of exchanges) {
      expect(exchange.counted).toBe(true);
      expect(phases(exchange)).toBeCloseTo(exchange.endedAt - exchange.startedAt, 3);
    }
  });

  it("stops answering in the middle, PING too: the session is given up, what runs on it keeps its time", async () => {
    const server = await serveFrames(
      (stream, _socket, connection) => (connection === 1 && stream < 5 ? [frames.ok(stream)] : whole(stream)),
      [frames.settings()],
      { answersPing: false },
    );
    const { client } = open();
    const [short, long] = [10_000, 30_000].map((ms) => client.exchange(message(server.port), within(ms)));
    // Comes behind both halves.
    await client.exchange(message(server.port), within());
    clock.turn(10_000);
    expect(await short).toMatchObject({ code: 1050, status: 200 });
    await expect.poll(() => server.pings).toBe(1);
    // More than a PING has.
    clock.turn(5_000);
    clock.turn(15_000);
    const { code, status, startedAt, endedAt } = (await long) as Exchange;
    expect([code, status, endedAt - startedAt >= 30_000]).toEqual([1050, 200, true]);
    expect((await client.exchange(message(server.port), within())).status).toBe(200);
    expect(server.streams).toEqual([
      [1, 1],
      [1, 3],
      [1, 5],
      [2, 1],
    ]);
    expect(server.pings).toBe(1);
  });

  it("answers a PING keeps its session, however late its answers are", async () => {
    // Streams 1, 7 and 13 have half an answer.
    const server = await serveFrames((stream) => (stream % 6 === 1 ? [frames.ok(stream)] : whole(stream)));
    const { client } = open();
    for (let n = 0; n < 3; n++) {
      const running = client.exchange(message(server.port), within(100_000));
      // Comes behind the half answer.
      await client.exchange(message(server.port), within());
      clock.turn(100_000);
      const { code, status } = await running;
      expect([code, status]).toEqual([1050, 200]);
      await expect.poll(() => server.pings).toBe(n + 1);
      // Behind the answer to the PING.
      await client.exchange(message(server.port), within());
      // More than a PING has.
      clock.turn(5_000);
    }
    expect(server.connections).toBe(1);
  });
});
