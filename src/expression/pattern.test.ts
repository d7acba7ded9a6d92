import { expect, it } from "vitest";
import { compilePattern, testPattern } from "./pattern.ts";

it.each(["^(a+)+$", "^(a|aa)+$", String.raw`^(\w+\s?)*$`, "(.*a){12}$"])("%s does not run away", (source) => {
  // Of this thread alone, so that nobody else's load counts.
  const from = process.threadCpuUsage();
  expect(compilePattern(source).test(`${"a".repeat(60)}!`)).toBe(false);
  const { user, system } = process.threadCpuUsage(from);
  expect((user + system) / 1e6).toBeLessThan(5);
});

it.each(["(?=x)(a+)+", String.raw`(\p{L}*)*`, String.raw`(a)(b+\1)+`, "(?:(?:a{2,})b)*(?!c)"])(
  "%s is refused",
  (source) => {
    expect(() => compilePattern(source)).toThrow("repeats a group that repeats inside");
  },
);

it.each([
  [String.raw`^\p{L}+$`, "жа"],
  [String.raw`^([a-z]+\.)+com$`, "a.b.com"],
  [String.raw`(?<=x)[+*(]+`, "x+*("],
  ["(?<year>[0-9]+)-", "2026-"],
  [String.raw`\-\_`, "-_"],
])("%s matches %s", (source, text) => {
  expect(testPattern(compilePattern(source), text)).toBe(true);
});

it("bounds pattern and text", () => {
  expect(() => compilePattern("x".repeat(1_001))).toThrow("longer than 1000");
  expect(() => testPattern(compilePattern("x"), "x".repeat(1_048_577))).toThrow("too long for a pattern");
});
