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

/** The bucket of an integer. Beyond ±(2^53 - 1): the outermost one; fractions are cut off; NaN is 0. */
export function bucketOf(value: number): number {
  // Small integers alone, without a call or a branch more: this runs ten times per request.
  if (value >= 0 && value <= 0x7fff_ffff) {
    const integer = value | 0;
    const shift = 25 - Math.clz32(integer | 64);
    return (shift << 6) + (integer >> shift);
  }
  return bucketOfOther(value);
}

function bucketOfOther(value: number): number {
  if (Number.isNaN(value)) return 0;
  const size = Math.abs(value);
  if (size < 1) return 0;
  if (size > Number.MAX_SAFE_INTEGER) return value < 0 ? -largestBucket : largestBucket;
  const exponent = size < 2 ** 32 ? 31 - Math.clz32(size) : 63 - Math.clz32(Math.floor(size / 2 ** 32));
  const shift = Math.max(0, exponent - 6);
  const bucket = (shift << 6) + Math.floor(size / 2 ** shift);
  return value < 0 ? -bucket : bucket;
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
