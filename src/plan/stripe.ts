/** A part of an endless schedule: the indices x (from 0) with x mod period in offsets (ascending). */
export interface Stripe {
  readonly period: number;
  readonly offsets: readonly number[];
}

/**
 * Cuts the indices 0, 1, 2 … into one stripe per weight (integers, 0 or more), so that each index is in exactly one
 * and every prefix is divided as the weights ask. A weight of 0 gets nothing; so does everybody when all are 0.
 */
export function cutStripes(weights: readonly number[]): Stripe[] {
  const divisor = weights.reduce(findDivisor, 0);
  if (divisor === 0) return weights.map(() => ({ period: 1, offsets: [] }));
  const shares = weights.map((weight) => weight / divisor);
  const period = shares.reduce((sum, share) => sum + share, 0);
  const bySize = shares.map((share, part) => ({ share, part })).filter((entry) => entry.share > 0);
  bySize.sort((a, b) => b.share - a.share);
  const offsets = weights.map((): number[] => []);
  for (let index = 0; index < period; index++) {
    for (const { share, part } of bySize) {
      const chosen = offsets[part] as number[];
      if (index * share >= chosen.length * period) {
        chosen.push(index);
        break;
      }
    }
  }
  return offsets.map((own) => simplifyStripe({ period, offsets: own }));
}

/** How many of the first `count` indices are in the stripe. Monotone in `count`; over all stripes the sum is `count`. */
export function scaleStripe(stripe: Stripe, count: number): number {
  const rounds = Math.floor(count / stripe.period);
  return rounds * stripe.offsets.length + countBelow(stripe.offsets, count - rounds * stripe.period);
}

/** The stripe's members whose rank (from 0, within the stripe) is in `part`: again a stripe. */
export function cutStripe(stripe: Stripe, part: Stripe): Stripe {
  const width = stripe.offsets.length;
  if (width === 0 || part.offsets.length === 0) return { period: 1, offsets: [] };
  const ranks = (width / findDivisor(width, part.period)) * part.period;
  const offsets: number[] = [];
  for (let base = 0; base < ranks; base += part.period) {
    for (const offset of part.offsets) {
      const rank = base + offset;
      offsets.push(Math.floor(rank / width) * stripe.period + (stripe.offsets[rank % width] ?? 0));
    }
  }
  return simplifyStripe({ period: (ranks / width) * stripe.period, offsets });
}

/** Evenly spaced offsets need one offset and a shorter period. */
function simplifyStripe(stripe: Stripe): Stripe {
  const width = stripe.offsets.length;
  const first = stripe.offsets[0];
  if (first === undefined || width === 1 || stripe.period % width !== 0) return stripe;
  const step = stripe.period / width;
  if (first >= step || !stripe.offsets.every((offset, at) => offset === first + at * step)) return stripe;
  return { period: step, offsets: [first] };
}

function countBelow(ascending: readonly number[], limit: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? 0) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

function findDivisor(a: number, b: number): number {
  return b === 0 ? a : findDivisor(b, a % b);
}
