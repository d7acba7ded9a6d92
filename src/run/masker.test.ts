import fc from "fast-check";
import { expect, test } from "vitest";
import { createMasker } from "./masker.ts";

const secret = 's3cr/t T&k"é+\\\\ŷ😀n';

test.each([
  ["as it is", secret],
  ["in a path", encodeURI(secret)],
  ["in a query", encodeURIComponent(secret)],
  ["in a query, lower-case hex", encodeURIComponent(secret).replaceAll(/%../g, (hex) => hex.toLowerCase())],
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
    expect(mask(`got ${beginning}!`)).toBe(`got ${beginning}!`);
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
