import { expect, test } from "vitest";
import { bucketMiddle, bucketOf } from "../measure/buckets.ts";
import { createTotal } from "../measure/totals.ts";
import { makeNativeHistogram } from "./native-histogram.ts";

function record(values: readonly number[]) {
  const total = createTotal("trend");
  if (total.type !== "trend") throw new TypeError("no trend");
  for (const value of values) {
    total.histogram.add(value);
    total.sum += BigInt(value);
  }
  return total;
}

/** What is in each bucket, by its number. */
function readBuckets(spans: readonly { offset: number; length: number }[], deltas: readonly number[]) {
  const counts: [place: number, count: number][] = [];
  let place = 0;
  let count = 0;
  let at = 0;
  for (const { offset, length } of spans) {
    place += offset;
    for (let passed = 0; passed < length; passed++) {
      count += deltas[at++] ?? Number.NaN;
      counts.push([place++, count]);
    }
  }
  return counts;
}

test("values of all sizes lie in the buckets of schema 5, zeros and negative ones beside them", () => {
  // Times are microseconds: 1 us, 0.9 s twice, 1 s, 90 s.
  const values = [1, 900_000, 900_000, 1_000_000, 90_000_000];
  const made = makeNativeHistogram(record([0, 0, -900_000, ...values]), "time", 7);
  expect(made).toMatchObject({ countInt: 8, zeroCountInt: 2, schema: 5, timestamp: 7 });
  expect(made.sum).toBeCloseTo(91.9 + 0.000001, 9);
  const placeOf = (value: number) => Math.ceil(Math.log2(bucketMiddle(bucketOf(value)) / 1e6) * 32);
  expect(readBuckets(made.positiveSpans, made.positiveDeltas)).toEqual([
    [placeOf(1), 1],
    [placeOf(900_000), 2],
    [placeOf(1_000_000), 1],
    [placeOf(90_000_000), 1],
  ]);
  expect(readBuckets(made.negativeSpans, made.negativeDeltas)).toEqual([[placeOf(900_000), 1]]);
});

test("neighbours share a span, and nothing at all has none", () => {
  const { positiveSpans, positiveDeltas } = makeNativeHistogram(record([1_000, 1_022, 1_030, 1_030]), "default", 0);
  expect(positiveSpans).toEqual([{ offset: 1, length: 2 }]);
  expect(readBuckets(positiveSpans, positiveDeltas)).toEqual([
    [1, 2],
    [2, 2],
  ]);
  expect(makeNativeHistogram(record([]), "time", 0)).toMatchObject({
    countInt: 0,
    positiveSpans: [],
    negativeSpans: [],
  });
});
