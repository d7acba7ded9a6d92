import fc from "fast-check";
import { expect, test } from "vitest";
import { bucketMiddle, bucketOf, bucketRange, bucketSchemeVersion, largestBucket } from "./buckets.ts";

const integers = fc.oneof(
  fc.integer({ min: -300, max: 300 }),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  fc.maxSafeInteger(),
  fc
    .integer({ min: 0, max: 52 })
    .chain((exponent) =>
      fc.integer({ min: -2, max: 2 }).map((offset) => Math.min(Number.MAX_SAFE_INTEGER, 2 ** exponent + offset)),
    ),
);

test("a bucket holds the values that map to it", () => {
  fc.assert(
    fc.property(integers, (value) => {
      const { low, high } = bucketRange(bucketOf(value));
      expect(low <= value && value <= high).toBe(true);
      expect([bucketOf(low), bucketOf(high)]).toEqual([bucketOf(value), bucketOf(value)]);
    }),
  );
});

test("a bucket's middle is at most 0.8 % away from any of its values", () => {
  fc.assert(
    fc.property(integers, (value) => {
      expect(Math.abs(bucketMiddle(bucketOf(value)) - value)).toBeLessThanOrEqual(Math.abs(value) * 0.008);
    }),
  );
});

test("buckets lie side by side from the smallest to the largest", () => {
  for (let bucket = -largestBucket; bucket < largestBucket; bucket++) {
    expect(bucketRange(bucket + 1).low).toBe(bucketRange(bucket).high + 1);
  }
  expect(bucketRange(largestBucket).high).toBe(Number.MAX_SAFE_INTEGER);
});

test("small values have a bucket each, negative ones mirror positive ones", () => {
  for (let value = 0; value < 128; value++) expect(bucketOf(value)).toBe(value);
  fc.assert(
    fc.property(integers, (value) => {
      expect(bucketOf(-value) + bucketOf(value)).toBe(0);
    }),
  );
});

test.each([
  [Number.NaN, 0],
  [Infinity, largestBucket],
  [-Infinity, -largestBucket],
  [2 ** 60, largestBucket],
  [-0.5, 0],
  [127.9, 127],
  [128, 128],
  [255, 191],
  [256, 192],
  [2 ** 32 - 1, 1727],
  [2 ** 32, 1728],
])("%d is in bucket %d", (value, bucket) => {
  expect(bucketOf(value) === bucket).toBe(true);
});

test("version 1 of the scheme stays as it is", () => {
  let sum = 0;
  for (let bucket = 0; bucket <= largestBucket; bucket += 7) sum = (sum * 31 + bucketRange(bucket).low) % 1_000_000_007;
  expect([bucketSchemeVersion, sum]).toEqual([1, 988778268]);
});
