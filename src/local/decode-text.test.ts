import { expect, test } from "vitest";
import { decodeText } from "./decode-text.ts";

const text = 'name: "商店 😀"\n';

test.each([
  ["UTF-8", Buffer.from(text)],
  ["UTF-8 with a mark", Buffer.from(`\uFEFF${text}`)],
  ["UTF-16 of Windows", Buffer.from(`\uFEFF${text}`, "utf16le")],
  ["UTF-16, the large half first", Buffer.from(`\uFEFF${text}`, "utf16le").swap16()],
  ["UTF-16 without a mark", Buffer.from(text, "utf16le")],
  ["UTF-16 without a mark, the large half first", Buffer.from(text, "utf16le").swap16()],
])("%s is read, without its mark", (_name, bytes) => {
  expect(decodeText(bytes)).toBe(text);
});

test("a file of one byte, or none, is as it is", () => {
  expect([decodeText(Buffer.from("a")), decodeText(Buffer.alloc(0))]).toEqual(["a", ""]);
});

test("an odd byte, half a pair and another encoding are refused", () => {
  const whole = Buffer.from("\uFEFFab", "utf16le");
  for (const bytes of [whole.subarray(0, -1), Buffer.from("\uFEFFa\uD800", "utf16le"), Buffer.from([0xc9, 0xcc])]) {
    expect(() => decodeText(bytes)).toThrow(expect.objectContaining({ code: "ERR_ENCODING_INVALID_ENCODED_DATA" }));
  }
});
