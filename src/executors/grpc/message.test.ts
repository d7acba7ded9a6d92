import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { protoFolder } from "../../../test/support/grpc-server.ts";
import { MessageProblem, readMessage } from "./json-to-message.ts";
import { findShape, type MessageShape } from "./message-shape.ts";
import { showMessage } from "./message-to-json.ts";
import { parseProtos } from "./parse-protos.ts";

const readProto = (name: string) => ({ name, text: readFileSync(join(protoFolder, name), "utf8") });
const root = parseProtos([readProto("shop.proto")], readProto);

function shapeOf(name: string): MessageShape {
  const shape = findShape(root, name);
  if (shape === null) throw new Error(`no ${name}`);
  return shape;
}

const item = shapeOf("shop.v1.Item");

/** There and back over the wire. */
function carry(value: unknown, shape = item): unknown {
  const bytes = shape.type.encode(readMessage(shape, value, { root, mode: "filled" })).finish();
  return showMessage(shape, shape.type.decode(bytes), root);
}

const whole = (low: bigint, high: bigint) => fc.bigInt({ min: low, max: high }).map(String);
const int64 = whole(-(2n ** 63n), 2n ** 63n - 1n);
const text = fc.string({ unit: "grapheme" });
const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);

test("what is sent is what is shown", () => {
  const values = fc.record(
    {
      name: text,
      big: int64,
      huge: whole(0n, 2n ** 64n - 1n),
      data: fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("base64")),
      color: fc.constantFrom("COLOR_UNSPECIFIED", "RED", "BLUE", 77),
      counts: fc.dictionary(text, fc.integer()),
      prices: fc.dictionary(int64, fc.record({ currency: text, units: int64 }), { noNullPrototype: true }),
      answers: fc.record({ true: text, false: text }, { requiredKeys: [], noNullPrototype: true }),
      more: fc.dictionary(text, json, { noNullPrototype: true }),
      value: json,
      maybe: text,
      maybeBig: int64,
      colors: fc.array(fc.constantFrom("RED", "BLUE")),
      ratio: fc.double().map((value) => (Number.isFinite(value) ? value : String(value))),
      flag: fc.boolean(),
      small: fc.integer(),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(values, (value) => {
      // -0 is 0 in JSON.
      const plain = (given: unknown) => JSON.parse(JSON.stringify(given)) as object;
      expect(plain(carry(value))).toMatchObject(plain(value));
    }),
    { numRuns: 300 },
  );
});

test("times and durations keep their nanoseconds", () => {
  const nanos = fc.integer({ min: 0, max: 999_999_999 });
  const date = fc.date({
    min: new Date("0001-01-02T00:00:00Z"),
    max: new Date("9999-12-31T00:00:00Z"),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(date, nanos, (day, fraction) => {
      const seconds = day.toISOString().slice(0, 19);
      const digits = String(fraction).padStart(9, "0");
      const shown = carry({ at: `${seconds}.${digits}Z`, lasts: `-12.${digits}s` }) as Record<string, string>;
      expect(shown["at"]?.slice(0, 19)).toBe(seconds);
      expect((shown["at"]?.slice(20, -1) ?? "").padEnd(9, "0")).toBe(digits);
      expect((shown["lasts"]?.slice(4, -1) ?? "").padEnd(9, "0")).toBe(digits);
    }),
  );
});

test("an Any of a type that nobody knows shows its bytes; a message of nothing shows its defaults", () => {
  const any = shapeOf("google.protobuf.Any");
  expect(showMessage(any, { type_url: "x/no.Such", value: Buffer.from([1, 2]) }, root)).toEqual({
    "@type": "x/no.Such",
    value: "AQI=",
  });
  expect(carry({ any: { "@type": "x/google.protobuf.Duration", value: "3s" } })).toMatchObject({
    any: { "@type": "x/google.protobuf.Duration", value: "3s" },
  });
  expect(carry({}, shapeOf("shop.v1.Answer"))).toEqual({ name: "", number: 0, data: "" });
});

describe("what does not fit is said with its place", () => {
  const rows: readonly (readonly [value: unknown, path: string, message: RegExp])[] = [
    [{ nam: "x" }, "nam", /^`shop\.v1\.Item` has no field `nam`; it has name, big, /],
    [{ name: 5 }, "name", /^5 does not fit string; it takes a text$/],
    [{ big: "9223372036854775808" }, "big", /whole number from -9223372036854775808 to 9223372036854775807/],
    [{ small: 1.5 }, "small", /^1.5 does not fit sint32/],
    [{ data: "§" }, "data", /base64/],
    [{ color: "GREEN" }, "color", /one of COLOR_UNSPECIFIED, RED, BLUE/],
    [{ counts: { a: "x" } }, "counts.a", /int32/],
    [{ prices: { x: {} } }, "prices.x", /a key of type int64/],
    [{ text: "a", money: {} }, "money", /only one of `text` and `money`/],
    [{ parts: [{}, { flag: 1 }] }, "parts.1.flag", /true or false/],
    [{ parts: {} }, "parts", /a list/],
    [{ at: "yesterday" }, "at", /2026-01-31T12:00:00Z/],
    [{ lasts: 5 }, "lasts", /1\.5s/],
    [{ any: { "@type": "x/no.Such" } }, "any.@type", /no type `x\/no\.Such`/],
    [{ maybe: 1 }, "maybe", /a text/],
    [[], "", /a map of its fields/],
  ];
  test.each(rows)("%j", (value, path, message) => {
    let seen: unknown;
    try {
      readMessage(item, value, { root, mode: "check" });
    } catch (error) {
      seen = error;
    }
    expect(seen).toBeInstanceOf(MessageProblem);
    expect((seen as MessageProblem).path.join(".")).toBe(path);
    expect((seen as MessageProblem).message).toMatch(message);
  });
});

test("templates may become anything that fits", () => {
  const value = {
    name: "${x}",
    small: "${x}",
    parts: "${x}",
    color: "${x}",
    any: "${x}",
    at: "${x}",
    counts: { a: "${x}" },
  };
  expect(() => readMessage(item, value, { root, mode: "check" })).not.toThrow();
  expect(carry({ name: 5, small: "7", flag: "true" })).toMatchObject({ name: "5", small: 7, flag: true });
});

test("hostile protos are refused with their place", () => {
  const parse = (text: string) => () => parseProtos([{ name: "x.proto", text }], () => null);
  expect(parse("message {")).toThrow(/^`x\.proto` cannot be read: illegal type name '\{' \(line 1\)/);
  expect(parse('syntax = "proto3"; import "y.proto";')).toThrow(/`x\.proto` imports `y\.proto`, which is not there/);
  expect(parse(`syntax = "proto3"; ${"message A {".repeat(100_000)}`)).toThrow(/^`x\.proto` cannot be read/);
  expect(parse('syntax = "proto3"; message A { B b = 1; }')).toThrow(
    /^the protos cannot be read: no such Type or Enum 'B' in Type .A/,
  );
});
