import { expect, test } from "vitest";
import { type ArrivalCursor, createArrivalCursor } from "./arrival-cursor.ts";

/** The next events, at most `limit`. */
function walk(cursor: ArrivalCursor, limit = 20): number[] {
  const seen: number[] = [];
  while (seen.length < limit && cursor.k !== Number.POSITIVE_INFINITY) {
    seen.push(cursor.k);
    cursor.advance();
  }
  return seen;
}

test("windows are walked one after the other, each in its own pattern", () => {
  const cursor = createArrivalCursor([
    { from: 0, to: 5, period: 2, offsets: [1] },
    { from: 5, to: 6, period: 4, offsets: [0] },
    { from: 7, to: 20, period: 5, offsets: [0, 3] },
  ]);
  expect(walk(cursor)).toEqual([1, 3, 8, 10, 13, 15, 18]);
});

test("what is cut off is given up, in the running window and in those ahead", () => {
  const cursor = createArrivalCursor([
    { from: 0, to: 10, period: 1, offsets: [0] },
    { from: 10, to: null, period: 2, offsets: [0] },
  ]);
  expect(walk(cursor, 4)).toEqual([0, 1, 2, 3]);
  cursor.cutAt(15);
  expect(walk(cursor, 8)).toEqual([4, 5, 6, 7, 8, 9, 10, 12]);
  cursor.cutAt(13);
  expect(cursor.k).toBe(Number.POSITIVE_INFINITY);
});

test("a window added later is walked, also after the end was reached", () => {
  const cursor = createArrivalCursor([{ from: 0, to: null, period: 3, offsets: [0] }]);
  cursor.cutAt(7);
  cursor.append([{ from: 7, to: 9, period: 1, offsets: [0] }]);
  expect(walk(cursor)).toEqual([0, 3, 6, 7, 8]);
  cursor.append([{ from: 9, to: null, period: 2, offsets: [0] }]);
  expect(walk(cursor, 2)).toEqual([10, 12]);
});

test("nothing to walk: there is no event", () => {
  expect(createArrivalCursor([]).k).toBe(Number.POSITIVE_INFINITY);
  expect(createArrivalCursor([{ from: 3, to: null, period: 1, offsets: [] }]).k).toBe(Number.POSITIVE_INFINITY);
});
