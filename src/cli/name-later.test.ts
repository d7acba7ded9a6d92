import { expect, test } from "vitest";
import { nameLater } from "./name-later.ts";

test.each([
  ["error: unknown option '-o'\n", "error: the option '-o' is not in this version\n"],
  ["error: unknown option '--out'\n", "error: the option '--out' is not in this version\n"],
  ["error: unknown option '--nope'\n", "error: unknown option '--nope'\n"],
])("%j is told as %j", (message, told) => {
  expect(nameLater(message)).toBe(told);
});
