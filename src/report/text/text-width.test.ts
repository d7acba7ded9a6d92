import fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, test } from "vitest";
import { measureWidth } from "./text-width.ts";

describe("the columns a text takes", () => {
  test.each([
    ["nothing", "", 0],
    ["the marks of a summary", "✓ p95 850 µs – ok …", 19],
    ["wide characters", "登录 login", 10],
    ["an emoji of several code points", "👩‍👩‍👧 home", 7],
    ["a combining accent", "e\u0301te\u0301", 3],
    ["a soft hyphen", "a\u00adb", 2],
  ])("%s", (_name, text, width) => {
    expect(measureWidth(text)).toBe(width);
  });

  test("is what the library says, also for texts that are not given to it", () => {
    const letters = fc.constantFrom(...Array.from({ length: 0x300 }, (_, code) => String.fromCodePoint(code)));
    const anything = fc.oneof(letters, fc.constantFrom("–", "…", "✓", "✗", "登", "\u0301", "\u200d", "👧", "\ufe0f"));
    fc.assert(
      fc.property(fc.string({ unit: anything }), (text) => {
        expect(measureWidth(text)).toBe(stringWidth(text));
      }),
    );
  });
});
