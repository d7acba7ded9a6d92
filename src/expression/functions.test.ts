import { describe, expect, it } from "vitest";
import { compileExpression } from "./expression.ts";
import { functions } from "./functions.ts";
import type { Names } from "./names.ts";

const values: Readonly<Record<string, unknown>> = {
  object: { b: 1, a: [2n] },
  map: new Map([["k", 1]]),
  list: ["x", 2, null],
};
const names: Names<null> = { resolve: (name) => () => values[name] };

function evaluate(text: string, random = (): number => 0.5): unknown {
  return compileExpression(text, names, { random, wall: () => Date.UTC(2026, 10, 23, 4, 5, 6, 7) + 0.75 })(null);
}

it("is exactly what the contract names", () => {
  const contract =
    "uuid random_int random_text pick now date int number text json len lower upper trim substr split join replace " +
    "url_encode base64 base64_decode md5 sha1 sha256 hmac_sha256";
  expect([...functions.keys()].filter((name) => !name.startsWith("faker.")).toSorted()).toEqual(
    contract.split(" ").toSorted(),
  );
});

describe("values", () => {
  it.each<[text: string, value: unknown]>([
    ["now()", Date.UTC(2026, 10, 23, 4, 5, 6, 7)],
    ["date()", "2026-11-23T04:05:06.007Z"],
    ["date('yyyy/MM/dd HH:mm:ss.SSS')", "2026/11/23 04:05:06.007"],
    ["date('yyyy-MM-dd', 0)", "1970-01-01"],
    ["date('HH', '2020-02-03T10:11:12Z')", "10"],
    ["date(null, 1000)", "1970-01-01T00:00:01.000Z"],
    ["int('12')", 12],
    ["int(-1.9)", -1],
    ["int('9007199254740993')", 9007199254740993n],
    ["number(' 1.50 ')", 1.5],
    ["text(1.5)", "1.5"],
    ["text(object)", '{"b":1,"a":[2]}'],
    ["json('a\"b')", '"a\\"b"'],
    ["json(list)", '["x",2,null]'],
    ["json(null)", "null"],
    ["len('abc')", 3],
    ["len(list)", 3],
    ["len(object)", 2],
    ["len(map)", 1],
    ["lower('ÄB')", "äb"],
    ["upper('äb')", "ÄB"],
    ["trim('  a ')", "a"],
    ["substr('abcdef', 2)", "cdef"],
    ["substr('abcdef', 1, 2)", "bc"],
    ["substr('abcdef', -2)", "ef"],
    ["substr('ab', 5, 1)", ""],
    ["split('a,b,,c', ',')", ["a", "b", "", "c"]],
    ["split('abc', '')", ["a", "b", "c"]],
    ["join(list)", "x,2,null"],
    ["join(split('a b', ' '), '-')", "a-b"],
    ["replace('a.b.c', '.', '$&')", "a$&b$&c"],
    ["url_encode('a b&ä/?')", "a%20b%26%C3%A4%2F%3F"],
    ["base64('häß')", "aMOkw58="],
    ["base64_decode('aMOkw58=')", "häß"],
    ["md5('abc')", "900150983cd24fb0d6963f7d28e17f72"],
    ["sha1('abc')", "a9993e364706816aba3e25717850c26c9cd0d89d"],
    ["sha256('abc')", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    ["sha256('abc', 'base64')", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="],
    [
      "hmac_sha256('key', 'The quick brown fox jumps over the lazy dog')",
      "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8",
    ],
    ["random_int(1, 6)", 4],
    ["random_int(-3, -3)", -3],
    ["random_text(4, 'ab')", "bbbb"],
    ["pick('a', 'b', 'c')", "b"],
    ["pick(list)", 2],
  ])("%s", (text, value) => {
    expect(evaluate(text)).toEqual(value);
  });

  it("takes all randomness from the argument", () => {
    const draws = [0, 0.999_999_999];
    expect(draws.map((draw) => evaluate("random_int(1, 6)", () => draw))).toEqual([1, 6]);
    expect(draws.map((draw) => evaluate("random_text(2)", () => draw))).toEqual(["AA", "99"]);
    expect(evaluate("uuid()", () => 0)).toBe("00000000-0000-4000-8000-000000000000");
    expect(evaluate("uuid()", () => 1 - 2 ** -53)).toBe("ffffffff-ffff-4fff-bfff-ffffffffffff");
  });
});

it.each<[text: string, message: string]>([
  ["int('x')", 'int() needs a number or a numeric text, not "x"'],
  ["number(null)", "number() needs a number or a numeric text, not null"],
  ["len(5)", "len() needs a text, a list or an object, not 5"],
  ["random_int(2, 1)", "random_int(2, 1): the first number must not be larger than the second"],
  ["random_int(1.5, 2)", "argument 1 of random_int() must be a whole number, not 1.5"],
  ["random_text(-1)", "random_text(-1): the length must be 0 to 1048576"],
  ["random_text(1, '')", "random_text: there are no characters to draw from"],
  ["pick([])", "pick() needs a list with items, not a list of 0"],
  ["join('a')", 'join() needs a list, not "a"'],
  ["replace('a', '', 'b')", "replace(): the part to replace must not be empty"],
  ["substr('a', 0, -1)", "substr(): the length must not be negative, but is -1"],
  ["base64_decode('%')", "base64_decode() got a text that is not base64"],
  ["date('yyyy', 'soon')", 'date() needs a time in milliseconds or an RFC 3339 text, not "soon"'],
  ["split(random_text(100001), '')", "split() makes at most 100000 items"],
  ["sha256('a', 'latin1')", 'sha256(): the encoding must be "hex" or "base64", not "latin1"'],
  ["replace(random_text(5000), 'b', random_text(100000))", "the text becomes longer than 16777216 characters"],
])("%s is refused", (text, message) => {
  expect(() => evaluate(text, () => 0.45)).toThrow(message);
});
