import { expect, it } from "vitest";
import type { Clock } from "../protocol/ports.ts";
import { createResolver, type Resolution, type Resolver } from "./dns.ts";

/** A clock that stands until it is turned. */
function createTurnedClock(): Clock & { turn(ms: number): void } {
  let time = 0;
  return {
    now: () => time,
    wall: () => time,
    at: () => ({ cancel: () => undefined }),
    turn(ms) {
      time += ms;
    },
  };
}

/** What came at once; null: it comes later. */
function resolveNow(resolver: Resolver, host: string): Resolution | null {
  let found: Resolution | null = null;
  resolver.resolve(host, (resolution) => {
    found = resolution;
  });
  return found;
}

function resolveLater(resolver: Resolver, host: string): Promise<Resolution> {
  return new Promise((resolve) => resolver.resolve(host, resolve));
}

it("takes addresses as they are", () => {
  const resolver = createResolver(createTurnedClock(), 1000);
  expect(resolveNow(resolver, "10.1.2.3")).toEqual({ addresses: ["10.1.2.3"], code: 0, message: "" });
  expect(resolveNow(resolver, "::1")?.addresses).toEqual(["::1"]);
});

it("remembers a name for its time, IPv4 first", async () => {
  const clock = createTurnedClock();
  const resolver = createResolver(clock, 1000);
  const first = await resolveLater(resolver, "localhost");
  expect(first.addresses[0]).toBe("127.0.0.1");
  clock.turn(999);
  expect(resolveNow(resolver, "localhost")).toBe(first);
  clock.turn(1);
  expect(resolveNow(resolver, "localhost")).toBeNull();
});

it("with a time of 0 asks every time, once for all who wait", async () => {
  const resolver = createResolver(createTurnedClock(), 0);
  const [one, two] = await Promise.all([resolveLater(resolver, "localhost"), resolveLater(resolver, "localhost")]);
  expect(one).toBe(two);
  expect(resolveNow(resolver, "localhost")).toBeNull();
});

it("does not remember failures", async () => {
  const resolver = createResolver(createTurnedClock(), 1000);
  const failure = { addresses: [], code: 1101, message: "no such host: nope.invalid" };
  expect(await resolveLater(resolver, "nope.invalid")).toEqual(failure);
  expect(resolveNow(resolver, "nope.invalid")).toBeNull();
});
