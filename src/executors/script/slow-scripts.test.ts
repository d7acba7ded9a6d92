import { expect, test } from "vitest";
import { createSlowScripts } from "./slow-scripts.ts";

test("a script is slow from its first long run until twenty quick ones in a row", () => {
  const scripts = createSlowScripts();
  scripts.noteEnd(1, 500);
  expect(scripts.isSlow(1)).toBe(false);
  scripts.noteLong(1);
  for (let run = 0; run < 19; run++) scripts.noteEnd(1, 1);
  scripts.noteEnd(1, 20);
  for (let run = 0; run < 19; run++) scripts.noteEnd(1, 19.9);
  expect([scripts.isSlow(1), scripts.isSlow(2)]).toEqual([true, false]);
  scripts.noteEnd(1, 0);
  expect(scripts.isSlow(1)).toBe(false);
});

test("a script that waited for a long one is taken for slow until it was quick once, but not one that has ended before", () => {
  const scripts = createSlowScripts();
  scripts.noteEnd(1, 3);
  scripts.noteWait(1);
  scripts.noteWait(2);
  scripts.noteLong(3);
  scripts.noteWait(3);
  expect([1, 2, 3].map((script) => scripts.isSlow(script))).toEqual([false, true, true]);
  for (const script of [2, 3]) scripts.noteEnd(script, 3);
  scripts.noteWait(2);
  expect([2, 3].map((script) => scripts.isSlow(script))).toEqual([false, true]);
});
