import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { certificates } from "../../../test/support/certificates.ts";
import { message } from "../../../test/support/http2-server.ts";
import { nginx } from "../../../test/support/services/nginx.ts";
import { type PrivateServer, startPrivate } from "../../../test/support/services/service.ts";
import { noTls, open, phases, within } from "../../../test/support/transport.ts";

// HTTP/2 as somebody else speaks it.
describe.each([
  ["without TLS", false],
  ["over TLS", true],
])("nginx %s", (_what, secure) => {
  let server: PrivateServer;
  beforeAll(async () => {
    server = await startPrivate(nginx, { secure });
    return () => server.close();
  });
  const tls = { ...noTls, ca: readFileSync(certificates.authority, "utf8") };
  const ask = (path: string, more: { method?: string; payload?: Buffer } = {}) =>
    message(server.port, { secure, tls, path, ...more });

  it("answers a GET", async () => {
    const { client } = open();
    const exchange = await client.exchange(ask("/hello"), within());
    expect([exchange.code, exchange.status, exchange.proto, exchange.body?.toString()]).toEqual([
      0,
      200,
      "HTTP/2.0",
      "hello",
    ]);
    expect(exchange.tlsVersion).toBe(secure ? "tls1.3" : "");
  });

  it("takes a body of 5 MB", async () => {
    const { client } = open();
    const payload = Buffer.alloc(5_000_000, "n");
    const exchange = await client.exchange(ask("/length", { method: "POST", payload }), within());
    expect([exchange.code, exchange.status, exchange.body?.toString()]).toEqual([0, 200, "5000000"]);
    expect(exchange.bytesSent).toBeGreaterThan(5_000_000);
    expect(phases(exchange)).toBeCloseTo(exchange.endedAt - exchange.startedAt, 3);
  });

  it("ends a session after 100 requests: of 1,000, 20 at a time, none fails", async () => {
    const { client } = open();
    let left = 1_000;
    const outcomes = new Map<string, number>();
    let dials = 0;
    const lane = async () => {
      while (left-- > 0) {
        const { code, status, connecting } = await client.exchange(ask("/hello"), within());
        const outcome = `${code} ${status}`;
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        if (connecting > 0) dials++;
      }
    };
    await Promise.all(Array.from({ length: 20 }, lane));
    expect([...outcomes]).toEqual([["0 200", 1_000]]);
    expect(dials).toBeGreaterThanOrEqual(10);
    expect(dials).toBeLessThan(20);
  });

  it("refuses an upload of 5 MB that it has not read: its answer is the result, and the session serves on", async () => {
    const { client } = open();
    const payload = Buffer.alloc(5_000_000, "n");
    const refused = await client.exchange(ask("/small", { method: "POST", payload }), within());
    expect([refused.code, refused.status]).toEqual([0, 413]);
    const next = await client.exchange(ask("/hello"), within());
    expect([next.code, next.status, next.connecting]).toEqual([0, 200, 0]);
  });
});
