/**
 * The bucket scheme of all trends: integers below 128 have a bucket each, every octave above is cut into 64 equal
 * buckets. A bucket's midpoint is at most 0.8 % away from any value in it. Values below zero mirror those above.
 *
 * ```
 * value   0 … 127   128 … 255   256 … 511   …   2^52 … 2^53-1
 * index   0 … 127   128 … 191   192 … 255   …    3008 … 3071       index(-value) = -index(value)
 * width         1           2           4               2^46
 * ```
 *
 * Indices ascend with values. The scheme never changes under its version: counts of two sources merge only when
 * their versions are equal.
 */
export const bucketSchemeVersion = 1;

/** The largest index; the smallest is its negative. */
export const largestBucket = 3071;

const TWO_32 = 4_294_967_296;

/** The bucket of an integer. Beyond ±(2^53 - 1): the outermost one; fractions are cut off; NaN is 0. */
export function bucketOf(value: number): number {
  if (value < 128) return value < 0 ? -bucketOf(-value) | 0 : value | 0;
  if (value < TWO_32) {
    const shift = 25 - Math.clz32(value);
    return (shift << 6) + (value >>> shift);
  }
  return bucketOfLarge(value);
}

function bucketOfLarge(value: number): number {
  if (value > Number.MAX_SAFE_INTEGER) return largestBucket;
  if (Number.isNaN(value)) return 0;
  const shift = 57 - Math.clz32(Math.floor(value / TWO_32));
  return (shift << 6) + Math.floor(value / 2 ** shift);
}

/** The smallest and the largest integer of a bucket. */
export function bucketRange(index: number): { readonly low: number; readonly high: number } {
  if (index < 0) {
    const { low, high } = bucketRange(-index);
    return { low: -high, high: -low };
  }
  if (index < 128) return { low: index, high: index };
  const width = 2 ** ((index >>> 6) - 1);
  const low = ((index & 63) + 64) * width;
  return { low, high: low + width - 1 };
}

/** What stands for every value of a bucket: the middle between its smallest and its largest integer. */
export function bucketMiddle(index: number): number {
  const { low, high } = bucketRange(index);
  return low + (high - low) / 2;
}
