import fc from "fast-check";
import { expect, test } from "vitest";
import { createMasker } from "./masker.ts";

const secret = 's3cr/t T&k"é+\\\\ŷ😀n';

test.each([
  ["as it is", secret],
  ["in a path", encodeURI(secret)],
  ["in a query", encodeURIComponent(secret)],
  ["in a query, lower-case hex", encodeURIComponent(secret).replaceAll(/%../g, (hex) => hex.toLowerCase())],
  ["in a query of a query", encodeURIComponent(encodeURIComponent(encodeURIComponent(secret)))],
  ["by the rules of URLs", new URL(`http://localhost/?${secret}`).search.slice(1)],
  ["in a form", new URLSearchParams([["", secret]]).toString().slice(1)],
  ["in a JSON text", JSON.stringify(secret).slice(1, -1)],
  ["in a JSON text inside a JSON text", JSON.stringify(JSON.stringify(secret)).slice(3, -3)],
  ["in a JSON text of Go", JSON.stringify(secret).slice(1, -1).replace("&", "\\u0026")],
  ["in capitals, as a host", secret.toUpperCase()],
  ["in a page", secret.replace("&", "&amp;").replace('"', "&#34;")],
  ["as UTF-8 that was read as Latin-1", Buffer.from(secret).toString("latin1")],
])("a secret %s is masked", (_name, written) => {
  expect(createMasker({ token: secret })(`before ${written} after`)).toBe("before *** after");
});

test.each(["", "u:", "us:", "user:"])("base64 after %j keeps nothing of the secret", (before) => {
  const mask = createMasker({ token: secret });
  for (const encoding of ["base64", "base64url"] as const) {
    const masked = mask(Buffer.from(`${before}${secret}!`).toString(encoding));
    expect(masked).toContain("***");
    const kept = Buffer.from(masked.replace("***", ""), encoding).toString();
    for (const part of ["s3", "cr", "T&", "n!"]) expect(kept.slice(before.length)).not.toContain(part);
  }
});

test("runs of backslashes are no trap", () => {
  const mask = createMasker({ token: `${"\\".repeat(4)}"${"\\".repeat(4)}x` });
  const text = `${"\\".repeat(8_000)}!`;
  expect(mask(text)).toBe(text);
});

test("the longer of two secrets is replaced first, an empty one is none", () => {
  const mask = createMasker({ short: "abc", long: "abcdef", none: "" });
  expect(mask("xabcdefabcx")).toBe("x******x");
  expect(createMasker({ none: "" })("text")).toBe("text");
});

test.each([
  ["to http://Pa5s:80, GET /w0rd+k==.test/x", "to http://***:80, GET /***.test/x"],
  ["no such host pa5s; it", "no such host ***; it"],
  ["GET /w0rd%2Bk%3D%3D HTTP/1.1", "GET /*** HTTP/1.1"],
  ["http://u:Pa5s\\/w0rd+k==@h", "http://u:***@h"],
  ["Pa5sing and xw0rd+k==", "Pa5sing and xw0rd+k=="],
])("the parts that a URL makes of a secret are masked where they stand alone: %s", (text, masked) => {
  expect(createMasker({ token: "Pa5s/w0rd+k==" })(text)).toBe(masked);
});

test("what a URL cuts off behind a # leaves no beginning; parts of three letters are any text", () => {
  const mask = createMasker({ token: "s3cret#ha/sh?x" });
  expect(mask('"GET /?k=s3cret HTTP/1.1"')).toBe('"GET /?k=*** HTTP/1.1"');
  expect(mask("ha and sh")).toBe("ha and sh");
});

test("where a secret that is a URL leads stays readable", () => {
  const mask = createMasker({ dsn: "mysql://shop:geheim@db.test:3306/orders" });
  expect(mask("connection to db.test:3306 refused: orders")).toBe("connection to db.test:3306 refused: orders");
  expect(mask("mysql://shop:geheim@db.test:3306/orders")).toBe("***");
});

test("a secret with breaks of lines is masked without them", () => {
  const mask = createMasker({ token: "ab\ncd\tefgh \n" });
  expect(mask("GET /?k=abcdefgh&z=1")).toBe("GET /?k=***&z=1");
});

test("any text can be a secret", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: "grapheme" }), (value) => {
      const mask = createMasker({ value });
      expect(mask(`<${value}>`)).not.toBe(`<${value}>`);
      expect(mask(value)).not.toContain(value === "*" ? "****" : value.replaceAll("*", "") || "****");
    }),
  );
});

test("a beginning that a cut left over is masked, elsewhere it is any text", () => {
  const mask = createMasker({ token: secret });
  for (const length of [4, 8, 12]) {
    const beginning = secret.slice(0, length);
    expect(mask(`got "${beginning}…" of it`)).toBe('got "***…" of it');
    expect(mask(`got ${beginning}`)).toBe("got ***");
    expect(mask(`got ${JSON.stringify(secret).slice(1, -1).slice(0, length)}`)).toBe("got ***");
    expect(mask(`got x${beginning}!`)).toBe(`got x${beginning}!`);
    expect(
      mask(
        `${Buffer.from(secret)
          .toString("base64")
          .slice(0, length + 4)}…`,
      ),
    ).toBe("***…");
  }
});

test("a secret of any length is masked, whole and cut", () => {
  const key = Array.from({ length: 12_000 }, (_, at) => `${at.toString(36)}\n`).join("");
  const mask = createMasker({ key });
  expect(mask(`<${key}>`)).toBe("<***>");
  expect(mask(JSON.stringify(key))).toBe('"***"');
  expect(mask(`<${key.slice(0, 9_000)}…>`)).toBe("<***…>");
});
