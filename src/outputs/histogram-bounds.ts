import { bucketMiddle } from "../measure/buckets.ts";
import type { MetricContents } from "../measure/catalog.ts";
import type { TrendTotal } from "../measure/totals.ts";

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;
const plain = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 10_000, 100_000, 1_000_000] as const;

/** A trend as counts between fixed bounds. */
export interface BoundedCounts {
  /** Upper bounds, ascending: seconds of times. */
  readonly bounds: readonly number[];
  /** How many values lie in each, and last those above all; not summed up. */
  readonly counts: readonly number[];
  /** In the unit of the bounds. */
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly count: number;
}

/** A value counts where the middle of its bucket lies: a bound is off by 0.8 % at most. */
export function countByBounds({ histogram, sum }: TrendTotal, contains: MetricContents): BoundedCounts {
  const bounds: readonly number[] = contains === "time" ? seconds : plain;
  const perUnit = contains === "time" ? 1_000_000 : 1_000;
  const counts = Array.from({ length: bounds.length + 1 }, () => 0);
  histogram.forEach((bucket, count) => {
    const value = bucketMiddle(bucket) / perUnit;
    let place = 0;
    while (place < bounds.length && value > (bounds[place] ?? 0)) place++;
    counts[place] = (counts[place] ?? 0) + count;
  });
  const scaled = (value: number): number => (Number.isFinite(value) ? value / perUnit : 0);
  return {
    bounds,
    counts,
    sum: Number(sum) / perUnit,
    min: scaled(histogram.min),
    max: scaled(histogram.max),
    count: histogram.count,
  };
}
