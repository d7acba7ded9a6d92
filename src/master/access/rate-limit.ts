import type { Clock } from "../../protocol/ports.ts";

/** Counts what somebody does, and says when it is too much. */
export interface RateLimit {
  /** May `who` once more? Counts it if so. */
  take(who: string): boolean;
}

export interface RateLimitOptions {
  readonly perSecond: number;
  /** What may come at once. */
  readonly burst: number;
  readonly clock: Pick<Clock, "now">;
}

/** Whom it remembers at most; beyond that those who were quiet longest are forgotten. */
const mostRemembered = 10_000;

/** A token bucket for each. */
export function createRateLimit({ perSecond, burst, clock }: RateLimitOptions): RateLimit {
  const buckets = new Map<string, { readonly tokens: number; readonly at: number }>();
  return {
    take(who) {
      const now = clock.now();
      const { tokens, at } = buckets.get(who) ?? { tokens: burst, at: now };
      const filled = Math.min(burst, tokens + ((now - at) / 1_000) * perSecond);
      const may = filled >= 1;
      // Written anew, it stands last: the first is who was quiet longest.
      buckets.delete(who);
      buckets.set(who, { tokens: may ? filled - 1 : filled, at: now });
      if (buckets.size > mostRemembered) buckets.delete(buckets.keys().next().value ?? "");
      return may;
    },
  };
}
