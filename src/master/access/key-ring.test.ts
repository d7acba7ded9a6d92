import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { allows, type KeyRole } from "./identity.ts";
import { hashKey, makeKey, parseKeyHash } from "./key-hash.ts";
import { type ApiKey, createKeyRing } from "./key-ring.ts";

const key = (name: string, more: Partial<ApiKey> = {}): ApiKey => ({
  name,
  key: `key of ${name}`,
  keyHash: null,
  role: "viewer",
  expiresAt: null,
  ...more,
});
const bytes = (text: string): Buffer => Buffer.from(text);
const refused = (message: RegExp) =>
  expect.objectContaining({ code: "unauthorized", message: expect.stringMatching(message) });

test("several keys at once, in clear, as a hash, of any script", () => {
  const made = makeKey(randomBytes);
  expect(made).toMatch(/^we_[\w-]{43}$/);
  const ring = createKeyRing(
    [key("a"), key("b", { key: null, keyHash: hashKey(made), role: "admin" }), key("c", { key: "密钥一二三" })],
    () => 0,
  );
  expect(ring.find(bytes("key of a"))).toMatchObject({ name: "a", role: "viewer" });
  expect(ring.find(bytes(made))).toMatchObject({ name: "b", role: "admin" });
  expect(ring.find(bytes("密钥一二三"))).toMatchObject({ name: "c" });
});

test.each(["", "key of", "key of a ", "KEY OF A", "key of aa", "\0", "x".repeat(100_000)])("%j is no key", (text) => {
  const ring = createKeyRing([key("a")], () => 0);
  expect(() => ring.find(bytes(text))).toThrow(refused(/does not know the key$/));
});

test("the hash itself is no key, and the known one", () => {
  const hash = hashKey("key of a");
  expect(hash).toBe("sha256:b2713b203d77322770ec8e2b0ea6787379c638041ab39c65c6a0a3f37e8624de");
  expect(parseKeyHash(hash)?.length).toBe(32);
  const ring = createKeyRing([key("a", { key: null, keyHash: hash })], () => 0);
  expect(() => ring.find(bytes(hash))).toThrow(refused(/does not know/));
});

test("a key ends at its time, and with it what was admitted by it", () => {
  let now = 999;
  const ring = createKeyRing([key("a", { expiresAt: 1_000 })], () => now);
  const identity = ring.find(bytes("key of a"));
  expect(ring.holds(identity)).toBe(true);
  now = 1_000;
  expect(() => ring.find(bytes("key of a"))).toThrow(refused(/`a` expired at 1970-01-01T00:00:01.000Z/));
  expect(ring.holds(identity)).toBe(false);
});

test("keys are replaced as a whole; what cannot be replaces nothing", () => {
  const ring = createKeyRing([key("a"), key("b")], () => 0);
  const [a, b] = [ring.find(bytes("key of a")), ring.find(bytes("key of b"))];
  ring.replace([key("b"), key("a", { key: "another" })]);
  expect([ring.holds(a), ring.holds(b)]).toEqual([false, true]);
  expect(() => ring.find(bytes("key of a"))).toThrow(refused(/does not know/));
  expect(ring.find(bytes("another")).name).toBe("a");
  ring.replace([key("b", { role: "admin" })]);
  expect(ring.holds(b)).toBe(false);
  for (const [wrong, message] of [
    [[], /nobody could come in/],
    [[key("x"), key("x", { key: "y" })], /two keys are named `x`/],
    [[key("x"), key("y", { key: "key of x" })], /`y` is the same as another/],
    [[key("x", { key: "" })], /`x` has no key_hash/],
    [[key("x", { key: null, keyHash: "md5:00" })], /`x` has no key_hash/],
    [[key("x", { key: null, keyHash: `sha256:${"0".repeat(63)}` })], /`x` has no key_hash/],
  ] as const) {
    expect(() => ring.replace(wrong)).toThrow(
      expect.objectContaining({ code: "invalid_config", message: expect.stringMatching(message) }),
    );
  }
  expect(ring.find(bytes("key of b")).role).toBe("admin");
});

test("what roles may do", () => {
  const roles: readonly KeyRole[] = ["viewer", "operator", "admin", "slave"];
  const wishes = ["anyone", ...roles] as const;
  expect(roles.map((role) => wishes.filter((wish) => allows(role, wish)).join(" "))).toEqual([
    "anyone viewer",
    "anyone viewer operator",
    "anyone viewer operator admin",
    "anyone slave",
  ]);
});
