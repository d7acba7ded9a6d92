import fc from "fast-check";
import { expect, test } from "vitest";
import type { SeriesDelta } from "../protocol/frame.ts";
import { addErrors, addToTracks, allPoints, createWindows, pointAt, totalSince, type Windows } from "./windows.ts";

const tracks = [
  { metric: "http_reqs", type: "counter", tags: {} },
  { metric: "http_reqs", type: "counter", tags: { step: "a" } },
] as const;

function requests(sum: number, step = "b"): SeriesDelta {
  return { key: { metric: "http_reqs", type: "counter", tags: { step } }, type: "counter", sum };
}

function add(windows: Windows, second: number, delta: SeriesDelta): void {
  const point = pointAt(windows, second);
  point.testTimeMs = Math.max(point.testTimeMs, (second + 1) * 1_000);
  addToTracks(windows, point, delta);
}

test("rolling up loses no count and keeps points within the bound, in order", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: -30, max: 0 }), fc.nat(100)), {
        maxLength: 120,
      }),
      (steps) => {
        const windows = createWindows(tracks, { fineSeconds: 20, coarseSpan: 4, maxPoints: 40 });
        let now = 0;
        let sum = 0;
        for (const [ahead, late, amount] of steps) {
          now += ahead;
          sum += amount;
          pointAt(windows, now);
          add(windows, Math.max(0, now + late), requests(amount));
        }
        expect(totalSince(windows, "http_reqs", {}, -1)).toEqual({ type: "counter", sum });
        const points = allPoints(windows);
        expect(points.length).toBeLessThanOrEqual(40);
        const starts = points.map(({ second }) => second);
        expect(starts).toEqual([...new Set(starts)].toSorted((left, right) => left - right));
        for (const point of windows.coarse) expect(point.second % windows.coarseSpan).toBe(0);
      },
    ),
  );
});

test("the latest hour is kept by second, older time by ten seconds, then by twenty", () => {
  const windows = createWindows(tracks);
  for (let second = 0; second < 4_000; second++) add(windows, second, requests(1));
  expect(windows.coarse.length).toBe(40);
  expect(windows.fine.length).toBe(3_600);
  expect(windows.coarse[0]?.values[0]).toMatchObject({ sum: 10 });
  for (let second = 4_000; second < 75_000; second += 10) add(windows, second, requests(10));
  expect(windows.coarseSpan).toBe(20);
  expect(allPoints(windows).length).toBeLessThanOrEqual(10_000);
  expect(totalSince(windows, "http_reqs", {}, -1)).toEqual({ type: "counter", sum: 75_000 });
});

test("a window takes only what ended in it", () => {
  const windows = createWindows(tracks);
  for (let second = 0; second < 60; second++) add(windows, second, requests(second, second % 2 === 0 ? "a" : "b"));
  expect(totalSince(windows, "http_reqs", {}, 57_000)).toEqual({ type: "counter", sum: 57 + 58 + 59 });
  expect(totalSince(windows, "http_reqs", { step: "a" }, 57_000)).toEqual({ type: "counter", sum: 58 });
  expect(totalSince(windows, "http_reqs", { step: "b" }, 57_000)).toBeNull();
  expect(totalSince(windows, "http_reqs", {}, 60_000)).toEqual({ type: "counter", sum: 0 });
});

test("errors are kept by code", () => {
  const windows = createWindows(tracks);
  const error = { stepId: "a", message: "m", firstSeen: 0, lastSeen: 0, sample: null };
  addErrors(pointAt(windows, 3), [
    { ...error, code: "1050", count: 2 },
    { ...error, code: "http_503", count: 1 },
    { ...error, code: "1050", message: "n", count: 3 },
  ]);
  expect(pointAt(windows, 3).errors).toEqual(
    new Map([
      ["1050", 5],
      ["http_503", 1],
    ]),
  );
});
