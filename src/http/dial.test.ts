import { defaultTls } from "../protocol/tls.ts";
import { onTestFinished, expect, it } from "vitest";
import { startDeafListener } from "../../test/support/deaf-listener.ts";
import { startRawServer } from "../../test/support/raw-server.ts";
import { clock, within } from "../../test/support/transport.ts";
import { createClient } from "./client.ts";
import type { Resolution } from "./dns.ts";
import type { HttpClient, WireRequest } from "./exchange.ts";
import { HeadMemory } from "./head-memory.ts";
import { createTrusts } from "./tls.ts";

/** A client for which every name has these addresses. */
function clientOf(resolution: Resolution, refuses: (address: string) => string | null = () => null): HttpClient {
  let open = 0;
  const wire = {
    clock,
    permit: {
      maySend: () => true,
      refuses: (_host: string, address: string) => (address === "" ? null : refuses(address)),
    },
    resolver: { resolve: (_host: string, done: (found: Resolution) => void) => done(resolution) },
    trusts: createTrusts(),
    limits: { maxHeader: 1000, maxBody: 1000 },
    heads: new HeadMemory(1000),
    sockets: { opened: () => void open++, closed: () => void open-- },
    redirectDial: (origin: { readonly host: string; readonly port: number }) => origin,
  };
  const client = createClient(wire, null, new AbortController().signal, () => undefined);
  onTestFinished(() => {
    client.close();
    return expect.poll(() => open).toBe(0);
  });
  return client;
}

function request(port: number, connectTimeoutMs = 3_600_000): WireRequest {
  return {
    origin: { secure: false, host: "shop.test", port, key: `http://shop.test:${port}` },
    bytes: Buffer.from("GET / HTTP/1.1\r\n\r\n"),
    head: false,
    retriable: true,
    keepHeaders: false,
    keepBody: false,
    expects: null,
    lastOnConnection: false,
    connectTimeoutMs,
    tls: defaultTls,
    proxy: null,
    message: null,
    rest: null,
  };
}

async function serve(): Promise<number> {
  const server = await startRawServer((socket) =>
    socket.on("data", () => socket.write("HTTP/1.1 204 No Content\r\n\r\n")),
  );
  onTestFinished(() => server.close());
  return server.port;
}

const found = (...addresses: string[]): Resolution => ({ addresses, code: 0, message: "" });

it("goes on to the next address when one refuses, and adds the times up", async () => {
  const port = await serve();
  const exchange = await clientOf(found("127.0.0.2", "::1", "127.0.0.1")).exchange(request(port), within());
  expect([exchange.code, exchange.status, exchange.remoteAddress]).toEqual([0, 204, "127.0.0.1"]);
  const { blocked, connecting, sending, waiting, receiving } = exchange;
  const sum = blocked + connecting + sending + waiting + receiving;
  expect(sum).toBeCloseTo(exchange.endedAt - exchange.startedAt, 3);
});

it("fails as the last address failed", async () => {
  const port = await serve();
  const exchange = await clientOf(found("127.0.0.2", "127.0.0.3")).exchange(request(port), within());
  expect([exchange.code, exchange.message]).toEqual([1212, `connection to shop.test (127.0.0.3:${port}) refused`]);
});

it("leaves out addresses that may not be dialled", async () => {
  const port = await serve();
  const client = clientOf(found("127.0.0.9", "127.0.0.1"), (address) => (address === "127.0.0.1" ? null : "denied"));
  expect((await client.exchange(request(port), within())).status).toBe(204);
});

it("gives each address its part of the time", async () => {
  const { port, close } = await startDeafListener();
  onTestFinished(close);
  // The deaf one gets a third of the time; the others refuse at once.
  const client = clientOf(found("127.0.0.1", "127.0.0.2", "127.0.0.3"));
  const dialling = client.exchange(request(port, 900_000), within());
  clock.turn(300_000);
  const exchange = await dialling;
  expect(exchange.code).toBe(1212);
  expect(exchange.connecting).toBeGreaterThanOrEqual(299_000);
});

it("reports what the look-up reports", async () => {
  const client = clientOf({ addresses: [], code: 1100, message: "look-up of shop.test failed: EAI_AGAIN" });
  const exchange = await client.exchange(request(80), within());
  expect([exchange.code, exchange.message, exchange.counted]).toEqual([
    1100,
    "look-up of shop.test failed: EAI_AGAIN",
    true,
  ]);
});
