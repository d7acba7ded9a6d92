import * as fc from "fast-check";
import { expect, test } from "vitest";
import { appendQuery, encodeBasic, encodeForm, encodeQuery } from "./encode.ts";

const fields = fc.array(fc.tuple(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" })));

test("queries and forms read back to the same fields", () => {
  fc.assert(
    fc.property(fields, (pairs) => {
      expect([...new URLSearchParams(encodeQuery(pairs))]).toEqual(pairs);
      expect([...new URLSearchParams(encodeForm(pairs))]).toEqual(pairs);
    }),
  );
});

test("half a surrogate pair becomes U+FFFD", () => {
  expect(encodeQuery([["a", "\ud800"]])).toBe("a=%EF%BF%BD");
});

test("basic credentials are UTF-8", () => {
  expect(encodeBasic("test:123£")).toBe("Basic dGVzdDoxMjPCow==");
});

test.each([
  ["/a", "x=1", "/a?x=1"],
  ["/a?b", "x=1", "/a?b&x=1"],
  ["/a?", "x=1", "/a?x=1"],
  ["/a?b&", "x=1", "/a?b&x=1"],
  ["/a#f?g", "x=1", "/a?x=1"],
  ["/a#f", "", "/a#f"],
])("%s and %s", (url, query, whole) => {
  expect(appendQuery(url, query)).toBe(whole);
});
