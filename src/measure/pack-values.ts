import type { SeriesValue } from "../protocol/frame.ts";
import type { MetricType } from "../protocol/workflow.ts";

/** A column of values of one type, as few flat arrays: thousands of them are copied like one. */
export interface PackedValues {
  readonly type: MetricType;
  /** How many buckets each trend has; 0 for other types; -1: there is no value. */
  readonly lengths: Int32Array;
  /** What else the values hold, `width` numbers each, in the order of `numbersOf`. */
  readonly numbers: Float64Array;
  /** Of all trends, one after the other. */
  readonly buckets: Int32Array;
  readonly counts: Uint32Array;
}

/** Numbers of a value besides its buckets. */
const widths: Readonly<Record<MetricType, number>> = { counter: 1, gauge: 3, rate: 2, trend: 4 };

/** Copies a column of values, all of the type or null. */
export function packValues(type: MetricType, values: readonly (SeriesValue | null)[]): PackedValues {
  const width = widths[type];
  const lengths = Int32Array.from(values, (value) =>
    value === null ? -1 : value.type === "trend" ? value.buckets.length : 0,
  );
  const occupied = lengths.reduce((sum, length) => sum + Math.max(0, length), 0);
  const numbers = new Float64Array(values.length * width);
  const buckets = new Int32Array(occupied);
  const counts = new Uint32Array(occupied);
  let from = 0;
  for (let at = 0; at < values.length; at++) {
    const value = values[at] ?? null;
    if (value === null) continue;
    numbers.set(numbersOf(value), at * width);
    if (value.type !== "trend") continue;
    buckets.set(value.buckets, from);
    counts.set(value.counts, from);
    from += value.buckets.length;
  }
  return { type, lengths, numbers, buckets, counts };
}

/** The column as it was, in memory of its own. */
export function unpackValues({ type, lengths, numbers, buckets, counts }: PackedValues): (SeriesValue | null)[] {
  const width = widths[type];
  let from = 0;
  return Array.from(lengths, (length, at) => {
    if (length < 0) return null;
    const [first = 0, second = 0, third = 0, fourth = 0] = numbers.subarray(at * width, (at + 1) * width);
    switch (type) {
      case "counter":
        return { type, sum: first };
      case "gauge":
        return { type, value: first, min: second, max: third };
      case "rate":
        return { type, passes: first, total: second };
      case "trend": {
        const to = from + length;
        const own = { buckets: buckets.slice(from, to), counts: counts.slice(from, to) };
        from = to;
        return { type, count: first, sum: second, min: third, max: fourth, ...own };
      }
      default:
        return type satisfies never;
    }
  });
}

function numbersOf(value: SeriesValue): number[] {
  switch (value.type) {
    case "counter":
      return [value.sum];
    case "gauge":
      return [value.value, value.min, value.max];
    case "rate":
      return [value.passes, value.total];
    case "trend":
      return [value.count, value.sum, value.min, value.max];
    default:
      return value satisfies never;
  }
}
