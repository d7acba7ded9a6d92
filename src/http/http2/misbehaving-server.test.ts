import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { describe, expect, it } from "vitest";
import { frame, frames, message, serveFrames } from "../../../test/support/http2-server.ts";
import { certificate, key, listening, noTls, open, outcome, phases, within } from "../../../test/support/transport.ts";

const whole = (stream: number) => [frames.ok(stream), frames.data(stream, "ok", true)];

describe("GOAWAY", () => {
  it("that leaves a request out: it runs on a new connection, once", async () => {
    const server = await serveFrames((stream, _socket, connection) =>
      connection === 1 ? [frames.goaway(0, 0)] : whole(stream),
    );
    const { client } = open();
    const exchange = await client.exchange(message(server.port, { method: "POST", retriable: false }), within(5000));
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
    const exchange = await client.exchange(message(server.port), within(5000));
    expect([exchange.code, exchange.counted, exchange.status]).toEqual([1611, true, 0]);
    expect(server.connections).toBe(2);
  });

  it("lets what the server has begun end, and sends what follows elsewhere", async () => {
    const server = await serveFrames((stream, _socket, connection) =>
      connection === 1 ? [frames.goaway(stream, 0), ...whole(stream)] : whole(stream),
    );
    const { client } = open();
    const first = await client.exchange(message(server.port), within(5000));
    const second = await client.exchange(message(server.port), within(5000));
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(server.streams).toEqual([
      [1, 1],
      [2, 1],
    ]);
  });

  it("with an error fails what was begun: 1611 and the error", async () => {
    const server = await serveFrames((stream) => [frames.goaway(stream, 11)]);
    const { client } = open();
    const exchange = await client.exchange(message(server.port), within(5000));
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
    const exchange = await client.exchange(message(server.port), within(5000));
    expect([exchange.code, exchange.counted]).toEqual([code, true]);
    expect(exchange.message).toContain(`127.0.0.1:${server.port} reset the stream: ${name}`);
    expect(phases(exchange)).toBeCloseTo(exchange.endedAt - exchange.startedAt, 3);
    // The session is good for more.
    await client.exchange(message(server.port), within(5000));
    expect(server.connections).toBe(1);
  });

  it("with REFUSED_STREAM is sent again, once", async () => {
    const server = await serveFrames((stream) => (stream === 1 ? [frames.reset(stream, 7)] : whole(stream)));
    const { client } = open();
    const exchange = await client.exchange(message(server.port, { retriable: false }), within(5000));
    expect(outcome(exchange)).toEqual([0, 200, ""]);
    const always = await serveFrames((stream) => [frames.reset(stream, 7)]);
    const refused = await client.exchange(message(always.port), within(5000));
    expect([refused.code, always.streams.length]).toEqual([1638, 2]);
  });

  it("in the middle of an answer is no answer", async () => {
    const server = await serveFrames((stream) => [
      frames.ok(stream),
      frames.data(stream, "half"),
      frames.reset(stream, 8),
    ]);
    const { client } = open();
    const exchange = await client.exchange(message(server.port), within(5000));
    expect([exchange.code, exchange.status, exchange.body]).toEqual([1639, 200, null]);
  });
});

describe("a server that", () => {
  it("closes in the middle of an answer fails it", async () => {
    const server = await serveFrames((stream, socket) => {
      socket.write(Buffer.concat([frames.ok(stream), frames.data(stream, "half")]), () => socket.end());
      return [];
    });
    const { client } = open();
    const exchange = await client.exchange(message(server.port), within(5000));
    expect([exchange.code > 0, exchange.counted, exchange.body]).toEqual([true, true, null]);
  });

  it("closes a kept session: what is safe to repeat goes out on a new one", async () => {
    const server = await serveFrames((stream, socket, connection) => {
      if (connection > 1 || stream === 1) return whole(stream);
      socket.destroy();
      return [];
    });
    const { client } = open();
    expect((await client.exchange(message(server.port), within(5000))).status).toBe(200);
    const again = await client.exchange(message(server.port), within(5000));
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
    const [late, good] = await Promise.all([
      client.exchange(message(server.port), within(300)),
      client.exchange(message(server.port), within(5000)),
    ]);
    expect([late.code, late.status, good.status]).toEqual([1050, 200, 200]);
    expect((await client.exchange(message(server.port), within(5000))).status).toBe(200);
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
    const server = await serveFrames((stream) => [frames.ok(stream), flood]);
    const { client } = open();
    const before = process.memoryUsage().rss;
    const exchange = await client.exchange(message(server.port), within(2000));
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
    const exchange = await client.exchange(message(server.port), within(5000));
    expect([exchange.counted, exchange.code]).toEqual([true, code]);
  });

  it("allows no stream at all lets the deadline decide", async () => {
    const server = await serveFrames(whole, [frames.settings([3, 0])]);
    const { client } = open();
    await client.exchange(message(server.port), within(300));
    const exchange = await client.exchange(message(server.port), within(300));
    expect(exchange.code).toBe(1050);
    expect(phases(exchange)).toBeCloseTo(exchange.endedAt - exchange.startedAt, 3);
  });

  it.each([false, true])("never sends SETTINGS is a dial timeout for all that wait (TLS: %s)", async (secure) => {
    const mute = (socket: Socket) => void socket.on("error", () => undefined).resume();
    const tls = { cert: certificate, key, ALPNProtocols: ["h2"] };
    const port = await listening(secure ? createTlsServer(tls, mute) : createServer(mute));
    const { client } = open();
    const request = message(port, { secure, tls: { ...noTls, ca: certificate }, connectTimeoutMs: 300 });
    const exchanges = await Promise.all([1, 2].map(() => client.exchange(request, within(10_000))));
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
      (stream, _socket, connection) => (connection === 1 ? [frames.ok(stream)] : whole(stream)),
      [frames.settings()],
      { answersPing: false },
    );
    const { client } = open();
    const ends = [100, 3000].map((ms) => client.exchange(message(server.port), within(ms)));
    expect((await Promise.all(ends)).map(({ code, status }) => [code, status])).toEqual([
      [1050, 200],
      [1050, 200],
    ]);
    expect((await client.exchange(message(server.port), within(5000))).status).toBe(200);
    expect(server.streams).toEqual([
      [1, 1],
      [1, 3],
      [2, 1],
    ]);
    expect(server.pings).toBe(1);
  });

  it("answers a PING keeps its session, however late its answers are", async () => {
    const server = await serveFrames((stream) => [frames.ok(stream)]);
    const { client } = open();
    for (let n = 0; n < 3; n++) {
      const { code, status } = await client.exchange(message(server.port), within(100));
      expect([code, status]).toEqual([1050, 200]);
      await expect.poll(() => server.pings).toBe(n + 1);
    }
    expect(server.connections).toBe(1);
  });
});
