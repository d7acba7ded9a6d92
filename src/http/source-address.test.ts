import * as fc from "fast-check";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { listening, ok, open, wire, within } from "../../test/support/transport.ts";
import { parseAddressSpan } from "../address.ts";
import { createSourceAddresses, sourceFor } from "./source-address.ts";

const listAll = (list: readonly string[], count: number) =>
  Array.from({ length: count }, (_, n) => createSourceAddresses(list)(n)?.ipv4);

test.each([
  [["10.0.0.5"], ["10.0.0.5", "10.0.0.5"]],
  [["10.0.0.0/30"], ["10.0.0.1", "10.0.0.2", "10.0.0.1"]],
  [["10.0.0.4/31"], ["10.0.0.4", "10.0.0.5", "10.0.0.4"]],
  [["10.0.0.255-10.0.1.1"], ["10.0.0.255", "10.0.1.0", "10.0.1.1", "10.0.0.255"]],
  [
    ["10.0.0.1", "10.0.0.9-10.0.0.10"],
    ["10.0.0.1", "10.0.0.9", "10.0.0.10", "10.0.0.1"],
  ],
  [["fd00::1"], [null]],
])("%j", (list, addresses) => {
  expect(listAll(list, addresses.length)).toEqual(addresses);
});

test.each(["", "x", "10.0.0.0/33", "10.0.0.256", "10.0.0.9-10.0.0.1", "10.0.0.1-fd00::1", "fe80::1%eth0", "1-2-3"])(
  "`%s` is no span",
  (text) => expect(parseAddressSpan(text)).toBe(null),
);

test("IPv6: an address, a network of which no more than 65536 are used, from one to another", () => {
  const at = (list: readonly string[], n: number) => createSourceAddresses(list)(n)?.ipv6;
  expect([at(["fd00::1"], 3), at(["fd00::/64"], 2), at(["fd00::/64"], 65_536)]).toEqual([
    "fd00:0:0:0:0:0:0:1",
    "fd00:0:0:0:0:0:0:2",
    "fd00:0:0:0:0:0:0:0",
  ]);
  expect(at(["fd00::ff-fd00::101"], 1)).toBe("fd00:0:0:0:0:0:0:100");
});

test("every n has an address of the span, and all are used", () => {
  fc.assert(
    fc.property(fc.integer({ min: 22, max: 32 }), fc.ipV4(), (bits, address) => {
      const span = parseAddressSpan(`${address}/${bits}`);
      const count = Number(span?.count);
      const sources = createSourceAddresses([`${address}/${bits}`]);
      const used = new Set(Array.from({ length: count }, (_, n) => sources(n)?.ipv4));
      expect(used.size).toBe(count);
      expect(sources(count)).toEqual(sources(0));
    }),
    { numRuns: 20 },
  );
});

test("a target has the source of its family", () => {
  const source = { ipv4: "10.0.0.1", ipv6: null };
  expect([sourceFor(source, "192.0.2.1"), sourceFor(source, "::1"), sourceFor(null, "::1")]).toEqual([
    "10.0.0.1",
    null,
    undefined,
  ]);
});

test("connections come from the address of their VU", async () => {
  const from: (string | undefined)[] = [];
  const server = createServer((socket) => {
    from.push(socket.remoteAddress);
    socket.on("data", () => socket.write(ok));
    socket.on("error", () => undefined);
  });
  const port = await listening(server);
  const { transport } = open({ sources: ["127.0.0.5-127.0.0.7"] });
  for (const vu of [1, 2, 3, 4]) {
    const client = transport.client(new AbortController().signal, vu);
    expect((await client.exchange(wire(port), within())).status).toBe(200);
  }
  expect(from).toEqual(["127.0.0.6", "127.0.0.7", "127.0.0.5", "127.0.0.6"]);
});

test("an address that this machine does not have is a counted failure with advice, so is a family that has none", async () => {
  const { client } = open({ sources: ["192.0.2.77"] });
  const absent = await client.exchange(wire(1), within());
  expect([absent.code, absent.counted]).toEqual([1210, true]);
  expect(absent.message).toContain("from 192.0.2.77 failed: EADDRNOTAVAIL; this machine has no such address");
  const family = await client.exchange(wire(1, { host: "::1" }), within());
  expect([family.code, family.message.includes("no source address is of its family")]).toEqual([1210, true]);
});
