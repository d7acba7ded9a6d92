import fc from "fast-check";
import { expect, test } from "vitest";
import type { SeriesDelta } from "../protocol/frame.ts";
import {
  addErrors,
  addPoint,
  addToTracks,
  allPoints,
  createPoint,
  createWindows,
  narrowWindows,
  pointAt,
  setVus,
  totalSince,
  type Windows,
} from "./windows.ts";

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

const error = { message: "m", firstSeen: 0, lastSeen: 0, sample: null };

test("errors and VUs are kept by scenario too, those of none that is known among all", () => {
  const windows = createWindows(tracks, { scenarios: ["buy", "look"] });
  const point = pointAt(windows, 3);
  const steps: Readonly<Record<string, string>> = { pay: "buy", list: "look", other: "elsewhere" };
  const errors = [
    { ...error, stepId: "pay", code: "1050", count: 2 },
    { ...error, stepId: "list", code: "http_503", count: 1 },
    { ...error, stepId: "login", code: "1050", count: 3 },
    { ...error, stepId: "other", code: "1050", count: 4 },
  ];
  addErrors(windows, point, errors, (stepId) => steps[stepId]);
  const vus = { most: 0, allocated: 0, iterations: 0 };
  setVus(windows, point, [{ ...vus, scenario: "buy", active: 9, planned: 9 }]);
  setVus(windows, point, [
    { ...vus, scenario: "buy", active: 1, planned: 2 },
    { ...vus, scenario: "look", active: 3, planned: 3 },
    { ...vus, scenario: "buy", active: 1, planned: 1 },
    { ...vus, scenario: "elsewhere", active: 5, planned: 5 },
  ]);
  const all = { errors: { "1050": 9, http_503: 1 }, activeVus: 10, plannedVus: 11 };
  const buy = { errors: { "1050": 2 }, activeVus: 2, plannedVus: 3 };
  const look = { errors: { http_503: 1 }, activeVus: 3, plannedVus: 3 };
  const shown = point.parts.map((part) => ({ ...part, errors: Object.fromEntries(part.errors) }));
  expect(shown).toEqual([all, buy, look]);
  const wider = createPoint(windows, 0, 10);
  addPoint(wider, point);
  addPoint(wider, point);
  expect(wider.parts[1]).toEqual({ errors: new Map([["1050", 4]]), activeVus: 2, plannedVus: 3 });
});

test("points of one width become wider, also when fewer are kept, and lose no count", () => {
  const counts = fc.array(fc.tuple(fc.integer({ min: 0, max: 500 }), fc.nat(100)), { maxLength: 60 });
  fc.assert(
    fc.property(counts, fc.integer({ min: 1, max: 30 }), (added, later) => {
      const windows = createWindows(tracks, { fineSeconds: 0, coarseSpan: 1, maxPoints: 40 });
      for (const [second, amount] of added) {
        add(windows, second, requests(amount));
        expect(allPoints(windows).length).toBeLessThanOrEqual(40);
      }
      narrowWindows(windows, later);
      expect(allPoints(windows).length).toBeLessThanOrEqual(Math.max(1, later));
      const sum = added.reduce((total, [, amount]) => total + amount, 0);
      expect(totalSince(windows, "http_reqs", {}, -1)).toEqual({ type: "counter", sum });
      for (const point of windows.coarse) expect(point.second % windows.coarseSpan).toBe(0);
    }),
  );
});
