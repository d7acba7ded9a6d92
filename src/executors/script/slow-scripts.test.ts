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
