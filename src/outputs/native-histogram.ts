import { bucketMiddle } from "../measure/buckets.ts";
import type { MetricContents } from "../measure/catalog.ts";
import type { TrendTotal } from "../measure/totals.ts";

/** A bucket ends at 2^(1/32) times the end of the one below: it is 2.2 % wide. */
const schema = 5;
const bucketsPerOctave = 2 ** schema;

/** Buckets that follow each other; `offset`: how many empty ones lie between these and those before, or 0. */
interface Span {
  readonly offset: number;
  readonly length: number;
}

/** A histogram of remote write: whole counts, each bucket as the difference to the one before. */
export interface NativeHistogram {
  readonly countInt: number;
  readonly sum: number;
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCountInt: number;
  readonly negativeSpans: readonly Span[];
  readonly negativeDeltas: readonly number[];
  readonly positiveSpans: readonly Span[];
  readonly positiveDeltas: readonly number[];
  /** Epoch ms. */
  readonly timestamp: number;
}

/** A trend as a native histogram of Prometheus, times in seconds. A value counts where the middle of its bucket lies. */
export function makeNativeHistogram(
  { histogram, sum }: TrendTotal,
  contains: MetricContents,
  timestamp: number,
): NativeHistogram {
  const perUnit = contains === "time" ? 1_000_000 : 1_000;
  const positive = new Map<number, number>();
  const negative = new Map<number, number>();
  let zeros = 0;
  histogram.forEach((bucket, count) => {
    const value = bucketMiddle(bucket) / perUnit;
    if (value === 0) {
      zeros += count;
      return;
    }
    const side = value < 0 ? negative : positive;
    // The bucket i holds what is above 2^((i-1)/32), to 2^(i/32).
    const place = Math.ceil(Math.log2(Math.abs(value)) * bucketsPerOctave);
    side.set(place, (side.get(place) ?? 0) + count);
  });
  const [positives, negatives] = [layOut(positive), layOut(negative)];
  return {
    countInt: histogram.count,
    sum: Number(sum) / perUnit,
    schema,
    zeroThreshold: 2 ** -128,
    zeroCountInt: zeros,
    negativeSpans: negatives.spans,
    negativeDeltas: negatives.deltas,
    positiveSpans: positives.spans,
    positiveDeltas: positives.deltas,
    timestamp,
  };
}

function layOut(counts: ReadonlyMap<number, number>) {
  const spans: { offset: number; length: number }[] = [];
  const deltas: number[] = [];
  let next = 0;
  let before = 0;
  for (const [place, count] of [...counts].toSorted(([left], [right]) => left - right)) {
    const span = spans.at(-1);
    if (span === undefined || place !== next) spans.push({ offset: place - next, length: 1 });
    else span.length++;
    deltas.push(count - before);
    before = count;
    next = place + 1;
  }
  return { spans, deltas };
}
