import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import * as fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { answering, listening, ok, open, outcome, phases, serve, wire, within } from "../../test/support/transport.ts";

describe("an exchange", () => {
  it("gives status, headers, body, bytes and times; the second goes over the same connection", async () => {
    const server = await serve(answering(() => ok));
    const { client } = open();
    const first = await client.exchange(wire(server.port), within());
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
    const second = await client.exchange(wire(server.port), within());
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
          const exchange = await client.exchange(wire(server.port), within());
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
      expect(outcome(await client.exchange(wire(server.port), within()))).toEqual([0, 200, ""]);
    expect(server.accepted).toBe(2);
  });

  it("does not use the connection again when the request says so, or after closeIdle", async () => {
    const server = await serve(answering(() => ok));
    const { client } = open();
    await client.exchange(wire(server.port, { lastOnConnection: true }), within());
    await client.exchange(wire(server.port), within());
    client.closeIdle();
    await client.exchange(wire(server.port), within());
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
    await client.exchange(wire(server.port), within());
    await gone[0];
    const second = await client.exchange(wire(server.port), within());
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
    expect((await client.exchange(wire(server.port), within())).proto).toBe("HTTP/1.0");
    const head = await client.exchange(wire(server.port, { method: "HEAD" }), within());
    expect([head.status, head.body]).toEqual([200, null]);
    expect((await client.exchange(wire(server.port), within())).status).toBe(204);
    expect((await client.exchange(wire(server.port), within())).status).toBe(304);
    expect(server.accepted).toBe(1);
  });

  it("takes a body that ends with the connection", async () => {
    const server = await serve((socket) => socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\n\r\nto the end")));
    const { client } = open();
    const exchange = await client.exchange(wire(server.port), within());
    expect([exchange.code, exchange.body?.toString()]).toEqual([0, "to the end"]);
  });

  it("opens another connection while one is busy, and keeps both", async () => {
    const server = await serve(answering(() => ok));
    const { client } = open();
    for (let i = 0; i < 2; i++) {
      const both = await Promise.all([1, 2].map(() => client.exchange(wire(server.port), within())));
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
    const exchange = await client.exchange(wire(server.port, { bytes, retriable: false }), within());
    expect(outcome(exchange)).toEqual([0, 413, ""]);
    expect(phases(exchange)).toBeCloseTo(exchange.endedAt - exchange.startedAt, 3);
    expect((await client.exchange(wire(server.port), within())).status).toBe(413);
    expect(server.accepted).toBe(2);
  });

  it("sends a large request whole and counts its time as sending", async () => {
    const length = 5_000_000;
    const server = createHttpServer((request, response) => {
      let received = 0;
      request.on("data", (chunk: Buffer) => {
        received += chunk.length;
      });
      request.on("end", () => response.end(String(received)));
    });
    const port = await listening(server);
    const head = Buffer.from(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`);
    const bytes = Buffer.concat([head, Buffer.alloc(length, "x")]);
    const { client } = open();
    for (let i = 0; i < 2; i++) {
      const exchange = await client.exchange(wire(port, { bytes, retriable: false }), within());
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
      return (await client.exchange(wire(port, { bytes }), within())).body?.toString();
    };
    expect(await fetchPath("/chunks")).toBe("one two");
    expect(await fetchPath("/large")).toBe("l".repeat(1_000_000));
    expect(await fetchPath("/")).toBe("plain");
    const uncounted = await client.exchange(
      wire(port, { bytes: Buffer.from("GET /large HTTP/1.1\r\nHost: x\r\n\r\n"), keepBody: false }),
      within(),
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
    await client.exchange(wire(server.port), within());
    const second = await client.exchange(wire(server.port), within());
    expect([...outcome(second), second.counted]).toEqual([0, 200, "", true]);
    expect(second.bytesSent).toBe(60);
    expect(phases(second)).toBeCloseTo(second.endedAt - second.startedAt, 3);
    expect(server.accepted).toBe(2);
  });

  it("fails the exchange when it is not", async () => {
    const server = await serve(closesOnSecond((socket) => socket.end()));
    const { client } = open();
    const unsafe = wire(server.port, { retriable: false });
    await client.exchange(unsafe, within());
    const second = await client.exchange(unsafe, within());
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
    await client.exchange(wire(server.port), within());
    expect((await client.exchange(wire(server.port), within())).code).toBe(1000);
    expect(server.accepted).toBe(2);
  });
});

describe("names", () => {
  it("tries every address in turn and dials what hosts says, with another port too", async () => {
    const server = await serve(answering(() => ok));
    const hosts = { "shop.test": "127.0.0.1", "other.test:81": `127.0.0.1:${server.port}`, "six.test": "[::1]" };
    const { client } = open({ hosts });
    expect((await client.exchange(wire(server.port, { host: "shop.test" }), within())).status).toBe(200);
    expect((await client.exchange(wire(81, { host: "other.test" }), within())).status).toBe(200);
    const six = await client.exchange(wire(1, { host: "six.test" }), within());
    expect([six.code, six.message]).toEqual([1212, "connection to six.test ([::1]:1) refused"]);
  });

  it("understands IPv6 addresses", async () => {
    const server = createHttpServer((_request, response) => response.end("six"));
    server.listen(0, "::1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const { client } = open();
    const exchange = await client.exchange(wire((server.address() as AddressInfo).port, { host: "::1" }), within());
    expect([exchange.body?.toString(), exchange.remoteAddress]).toEqual(["six", "::1"]);
    client.close();
  });
});
