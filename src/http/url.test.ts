import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createUrlReader, joinUrl, parseUrl, printUrl } from "./url.ts";

test.each([
  ["http://Host/a?b=c#d", { secure: false, host: "host", port: 80 }, "host", "/a?b=c"],
  ["https://host", { secure: true, host: "host", port: 443 }, "host", "/"],
  ["http://host:8080?x", { secure: false, host: "host", port: 8080 }, "host:8080", "/?x"],
  ["https://host:443/", { secure: true, host: "host", port: 443 }, "host", "/"],
  ["http://[::1]:81/a b", { secure: false, host: "::1", port: 81 }, "[::1]:81", "/a%20b"],
  ["http://müller.de/ü", { secure: false, host: "xn--mller-kva.de", port: 80 }, "xn--mller-kva.de", "/%C3%BC"],
])("%s", (text, origin, authority, target) => {
  const url = parseUrl(text);
  expect(url).toMatchObject({ origin, authority, target, credentials: null });
});

test.each(["", "/x", "host/x", "ftp://h/", "http://", "http://a b/", "http://h:70000/", "file:///etc/passwd"])(
  "`%s` is none",
  (text) => {
    expect(parseUrl(text)).toBeNull();
  },
);

test("the same origin has the same key, another scheme or port has not", () => {
  const keys = ["http://h/a", "http://H:80/b", "https://h/", "http://h:81/", "https://h:443/"].map(
    (text) => parseUrl(text)?.origin.key,
  );
  expect(keys).toEqual(["http://h:80", "http://h:80", "https://h:443", "http://h:81", "https://h:443"]);
});

test.each([
  ["http://u:p%3A@h/", "u:p:"],
  ["http://u@h/", "u:"],
  ["http://100%25:%zz@h/", "100%:%zz"],
])("credentials of %s", (text, credentials) => {
  expect(parseUrl(text)?.credentials).toBe(credentials);
});

test.each([
  ["http://h", "/a", "http://h/a"],
  ["http://h/", "/a", "http://h/a"],
  ["http://h/v1", "a", "http://h/v1/a"],
  ["http://h/v1/", "a", "http://h/v1/a"],
  ["http://h/v1", "", "http://h/v1"],
  ["http://h/v1", "?q", "http://h/v1?q"],
  ["http://h/v1", "HTTPS://other/x", "HTTPS://other/x"],
])("%s and %s", (base, text, joined) => {
  expect(joinUrl(base, text)).toBe(joined);
});

test("a reader gives what parseUrl gives, whatever it read before", () => {
  const path = fc.stringMatching(/^[/?#a-z.%2eE0\\ ü:@'"<>]{0,12}$/);
  const start = fc.constantFrom(
    "http://h",
    "http://h:8080",
    "https://h",
    "http://u:p@h",
    "HTTP://H",
    "nonsense",
    "http://h8",
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(start, path), { minLength: 1, maxLength: 8 }), (texts) => {
      const readUrl = createUrlReader();
      for (const [first, rest] of texts) {
        const text = first + rest;
        const wanted = parseUrl(text);
        const url = readUrl(text);
        expect(url).toEqual(wanted);
        if (url !== null) expect(parseUrl(printUrl(url))?.target).toBe(url.target);
      }
    }),
    { numRuns: 500 },
  );
});
