import { expect, test } from "vitest";
import { matchesFilter } from "./mqtt-topics.ts";

test.each([
  ["a/b", "a/b", true],
  ["a/b", "a/b/c", false],
  ["a/+/c", "a/登录/c", true],
  ["a/+", "a", false],
  ["a/+", "a/", true],
  ["a/#", "a", true],
  ["a/#", "a/b/c", true],
  ["#", "a/b", true],
  ["#", "$SYS/x", false],
  ["+/x", "$SYS/x", false],
  ["$SYS/#", "$SYS/x", true],
  ["a/b/c", "a/b", false],
])("%s and %s: %s", (filter, topic, expected) => {
  expect(matchesFilter(filter, topic)).toBe(expected);
});
