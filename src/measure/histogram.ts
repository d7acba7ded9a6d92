import type { TrendValue } from "../protocol/frame.ts";
import { bucketMiddle, bucketOf } from "./buckets.ts";

const OCTAVE = 64;

/**
 * A trend's counts by bucket, dense over the span of buckets that occur, with exact count, sum, min and max.
 * Recording allocates nothing but when the span grows. `sum` is exact while it stays a safe integer.
 */
export class Histogram {
  count = 0;
  sum = 0;
  min = Infinity;
  max = -Infinity;
  /** The bucket at place 0 of `counts`; a multiple of an octave. */
  base = 0;
  counts = new Float64Array(0);

  /** Counts an integer once. */
  add(value: number): void {
    const bucket = bucketOf(value);
    let place = bucket - this.base;
    if (place < 0 || place >= this.counts.length) {
      this.#span(bucket, bucket);
      place = bucket - this.base;
    }
    this.counts[place] = (this.counts[place] ?? 0) + 1;
    this.count++;
    this.sum += value;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
  }

  /** Counts the value 0 this often, at least once. */
  addZeros(times: number): void {
    this.add(0);
    const place = -this.base;
    this.counts[place] = (this.counts[place] ?? 0) + times - 1;
    this.count += times - 1;
  }

  /** Adds another's counts. */
  merge(other: TrendValue): void {
    const { buckets, counts } = other;
    const last = buckets.length - 1;
    if (last < 0) return;
    this.#span(buckets[0] ?? 0, buckets[last] ?? 0);
    for (let at = 0; at <= last; at++) {
      const place = (buckets[at] ?? 0) - this.base;
      this.counts[place] = (this.counts[place] ?? 0) + (counts[at] ?? 0);
    }
    this.count += other.count;
    this.sum += other.sum;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
  }

  /** Adds another run total's counts. */
  mergeAll(other: Histogram): void {
    if (other.count === 0) return;
    this.#span(bucketOf(other.min), bucketOf(other.max));
    const shift = other.base - this.base;
    for (let place = 0; place < other.counts.length; place++) {
      const count = other.counts[place] ?? 0;
      if (count !== 0) this.counts[place + shift] = (this.counts[place + shift] ?? 0) + count;
    }
    this.count += other.count;
    this.sum += other.sum;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
  }

  /** What was counted, with occupied buckets only; a copy. */
  toTrend(): TrendValue {
    const first = Math.max(0, bucketOf(this.min) - this.base);
    const last = this.count === 0 ? -1 : bucketOf(this.max) - this.base;
    let occupied = 0;
    for (let place = first; place <= last; place++) if (this.counts[place] !== 0) occupied++;
    const buckets = new Int32Array(occupied);
    const counts = new Uint32Array(occupied);
    for (let place = first, at = 0; place <= last; place++) {
      const count = this.counts[place] ?? 0;
      if (count === 0) continue;
      buckets[at] = place + this.base;
      counts[at++] = count;
    }
    return { type: "trend", count: this.count, sum: this.sum, min: this.min, max: this.max, buckets, counts };
  }

  /** Forgets what was counted; the span stays. */
  clear(): void {
    if (this.count === 0) return;
    this.counts.fill(0, bucketOf(this.min) - this.base, bucketOf(this.max) - this.base + 1);
    this.count = 0;
    this.sum = 0;
    this.min = Infinity;
    this.max = -Infinity;
  }

  /** Calls `visit` for every occupied bucket, ascending. */
  forEach(visit: (bucket: number, count: number) => void): void {
    for (let place = 0; place < this.counts.length; place++) {
      const count = this.counts[place] ?? 0;
      if (count !== 0) visit(place + this.base, count);
    }
  }

  /**
   * The value at a percentile 0..100 by nearest rank: its bucket's middle, never outside [min, max].
   * null: nothing was counted.
   */
  percentile(percent: number): number | null {
    if (this.count === 0) return null;
    const rank = Math.min(this.count, Math.max(1, rankOf(percent, this.count)));
    let seen = 0;
    for (let place = 0; place < this.counts.length; place++) {
      seen += this.counts[place] ?? 0;
      if (seen >= rank) return Math.min(this.max, Math.max(this.min, bucketMiddle(place + this.base)));
    }
    return this.max;
  }

  /** Makes room for all buckets of [low, high], in whole octaves. */
  #span(low: number, high: number): void {
    const end = this.base + this.counts.length;
    if (this.counts.length > 0 && low >= this.base && high < end) return;
    const empty = this.counts.length === 0;
    const from = Math.floor((empty ? low : Math.min(low, this.base)) / OCTAVE) * OCTAVE;
    const to = (Math.floor((empty ? high : Math.max(high, end - 1)) / OCTAVE) + 1) * OCTAVE;
    const wider = new Float64Array(to - from);
    if (!empty) wider.set(this.counts, this.base - from);
    this.base = from;
    this.counts = wider;
  }
}

/** ceil(percent / 100 x count), without the rounding errors of percents like 99.9. */
function rankOf(percent: number, count: number): number {
  return Math.ceil((Math.round(percent * 1e6) * count) / 1e8);
}
