import fc from "fast-check";
import { build } from "hdr-histogram-js";
import { expect, test } from "vitest";
import { Histogram } from "./histogram.ts";

const percents = [0, 1, 10, 25, 50, 75, 90, 95, 99, 99.9, 100];

const values = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 200 }),
    fc.integer({ min: 0, max: 10_000_000 }),
    fc.integer({ min: -1_000_000, max: 1_000_000 }),
  ),
  { minLength: 1, maxLength: 400 },
);

function record(list: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of list) histogram.add(value);
  return histogram;
}

function exactPercentile(list: readonly number[], percent: number): number {
  const sorted = [...list].toSorted((left, right) => left - right);
  const rank = Math.ceil((percent * 10 * sorted.length) / 1_000);
  return sorted[Math.max(1, rank) - 1] ?? Number.NaN;
}

test("count, sum, min and max are exact, percentiles within 0.8 % of exact sorting", () => {
  fc.assert(
    fc.property(values, (list) => {
      const histogram = record(list);
      expect(histogram.count).toBe(list.length);
      expect(histogram.sum).toBe(list.reduce((sum, value) => sum + value, 0));
      expect(histogram.min).toBe(Math.min(...list));
      expect(histogram.max).toBe(Math.max(...list));
      for (const percent of percents) {
        const exact = exactPercentile(list, percent);
        const found = histogram.percentile(percent) ?? Number.NaN;
        expect(Math.abs(found - exact)).toBeLessThanOrEqual(Math.abs(exact) * 0.008);
      }
    }),
  );
});

test("agrees with HdrHistogram within both schemes' error", () => {
  const reference = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 2 ** 40,
    numberOfSignificantValueDigits: 4,
  });
  const histogram = new Histogram();
  let state = 12_345;
  for (let at = 0; at < 50_000; at++) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    const value = Math.floor(100 * Math.exp((state / 2_147_483_648) * 12)) + 1;
    histogram.add(value);
    reference.recordValue(value);
  }
  for (const percent of [1, 10, 50, 90, 95, 99, 99.9, 99.99]) {
    const expected = reference.getValueAtPercentile(percent);
    expect(Math.abs((histogram.percentile(percent) ?? 0) - expected) / expected).toBeLessThan(0.0082);
  }
});

test("the ends are the smallest and the largest value themselves", () => {
  const histogram = record([1_000_003, 1_000_001, 5_000_017]);
  expect(histogram.percentile(0)).toBeGreaterThanOrEqual(1_000_001);
  expect(histogram.percentile(100)).toBeLessThanOrEqual(5_000_017);
  expect(record([1_000_001]).percentile(50)).toBe(1_000_001);
});

test("a percent with a fraction does not slip to the next rank", () => {
  const list = Array.from({ length: 1_000 }, (_, place) => place % 128);
  for (const percent of [99.9, 0.1, 33.3, 57.9]) {
    expect(record(list).percentile(percent)).toBe(exactPercentile(list, percent));
  }
});

test("nothing was counted: no percentile, an empty trend", () => {
  const histogram = new Histogram();
  expect(histogram.percentile(50)).toBeNull();
  expect(histogram.toTrend()).toMatchObject({ count: 0, sum: 0, buckets: new Int32Array(0) });
});

test("a trend taken out and merged again is the same; a cleared histogram starts anew", () => {
  fc.assert(
    fc.property(values, values, (first, second) => {
      const reused = record(first);
      const taken = reused.toTrend();
      reused.clear();
      for (const value of second) reused.add(value);
      expect(reused.toTrend()).toEqual(record(second).toTrend());
      const merged = new Histogram();
      merged.merge(taken);
      merged.mergeAll(reused);
      expect(merged.toTrend()).toEqual(record([...first, ...second]).toTrend());
    }),
  );
});

test("zeros counted together are as zeros counted one by one", () => {
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 50 }), (list, times) => {
      const together = record(list);
      together.addZeros(times);
      expect(together.toTrend()).toEqual(record([...list, ...Array<number>(times).fill(0)]).toTrend());
    }),
  );
});
