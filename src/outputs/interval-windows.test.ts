import fc from "fast-check";
import { expect, test } from "vitest";
import type { SeriesDelta } from "../protocol/frame.ts";
import { createIntervalWindows, type IntervalWindow } from "./interval-windows.ts";

function counter(metric: string, sum: number, tags: Readonly<Record<string, string>> = {}): SeriesDelta {
  return { key: { metric, type: "counter", tags }, type: "counter", sum };
}

const sumOf = (windows: readonly IntervalWindow[]): number =>
  windows.reduce(
    (all, { series }) => all + series.reduce((sum, delta) => sum + (delta.type === "counter" ? delta.sum : 0), 0),
    0,
  );

test("an interval is given out once every source is beyond it", () => {
  const windows = createIntervalWindows(1);
  windows.add("a", { second: 0, series: [counter("x", 1)] });
  windows.add("b", { second: 0, series: [counter("x", 2)] });
  windows.add("a", { second: 1, series: [counter("x", 4)] });
  expect(windows.take(false)).toEqual([]);
  windows.add("b", { second: 1, series: [] });
  expect(windows.take(false)).toEqual([{ second: 0, late: 0, series: [counter("x", 3)] }]);
  expect(windows.take(true)).toEqual([{ second: 1, late: 0, series: [counter("x", 4)] }]);
});

test("a source that is silent is waited for 5 s, and what it brings later is marked", () => {
  const windows = createIntervalWindows(1);
  windows.add("silent", { second: 0, series: [counter("x", 1)] });
  for (let second = 0; second < 7; second++) windows.add("a", { second, series: [counter("x", 1)] });
  expect(windows.take(false).map(({ second }) => second)).toEqual([0, 1, 2, 3, 4, 5]);
  windows.add("silent", { second: 0, series: [counter("x", 7)] });
  expect(windows.take(false)).toEqual([{ second: 0, late: 1, series: [counter("x", 7)] }]);
  windows.add("silent", { second: 0, series: [counter("x", 8)] });
  expect(windows.take(false)).toEqual([{ second: 0, late: 2, series: [counter("x", 8)] }]);
});

test("series beyond the bound are counted together", () => {
  const windows = createIntervalWindows(1);
  const series = Array.from({ length: 50_010 }, (_, at) => counter("x", 1, { at: String(at) }));
  windows.add("a", { second: 0, series });
  const [window] = windows.take(true);
  expect(window?.series).toHaveLength(50_001);
  expect(window?.series.at(-1)).toMatchObject({ key: { tags: { overflow: "true" } }, sum: 10 });
});

test("whatever comes in whatever order, and through however many restarts, all is given out once", () => {
  const frames = fc.array(
    fc.record({ source: fc.constantFrom("a", "b", "c"), second: fc.nat(20), sum: fc.nat(100), restarts: fc.boolean() }),
  );
  fc.assert(
    fc.property(frames, fc.integer({ min: 1, max: 5 }), (brought, span) => {
      let windows = createIntervalWindows(span);
      const given: IntervalWindow[] = [];
      for (const { source, second, sum, restarts } of brought) {
        windows.add(source, { second, series: [counter("x", sum)] });
        given.push(...windows.take(false));
        if (restarts) windows = createIntervalWindows(span, structuredClone(windows.pack()));
      }
      given.push(...windows.take(true));
      expect(sumOf(given)).toBe(brought.reduce((all, { sum }) => all + sum, 0));
      const marks = given.map(({ second, late }) => `${second} ${late}`);
      expect(new Set(marks).size).toBe(marks.length);
    }),
  );
});
