import type { TrendValue } from "../protocol/frame.ts";

/** The counts of two trends as one. */
export function mergeTrends(left: TrendValue, right: TrendValue): TrendValue {
  const length = countDistinct(left.buckets, right.buckets);
  const buckets = new Int32Array(length);
  const counts = new Uint32Array(length);
  let fromLeft = 0;
  let fromRight = 0;
  for (let at = 0; at < length; at++) {
    const leftBucket = left.buckets[fromLeft] ?? Infinity;
    const rightBucket = right.buckets[fromRight] ?? Infinity;
    const bucket = Math.min(leftBucket, rightBucket);
    let count = 0;
    if (leftBucket === bucket) count += left.counts[fromLeft++] ?? 0;
    if (rightBucket === bucket) count += right.counts[fromRight++] ?? 0;
    buckets[at] = bucket;
    counts[at] = count;
  }
  return {
    type: "trend",
    count: left.count + right.count,
    sum: left.sum + right.sum,
    min: Math.min(left.min, right.min),
    max: Math.max(left.max, right.max),
    buckets,
    counts,
  };
}

/** How many different values two ascending lists hold. */
function countDistinct(left: Int32Array, right: Int32Array): number {
  let distinct = left.length + right.length;
  for (let fromLeft = 0, fromRight = 0; fromLeft < left.length && fromRight < right.length; ) {
    const difference = (left[fromLeft] ?? 0) - (right[fromRight] ?? 0);
    if (difference === 0) distinct--;
    if (difference <= 0) fromLeft++;
    if (difference >= 0) fromRight++;
  }
  return distinct;
}
