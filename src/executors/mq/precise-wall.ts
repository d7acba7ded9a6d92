import type { Clock } from "../../protocol/ports.ts";

/**
 * The time of the epoch in ms with fractions: `Clock.wall()` shows whole ones. The greatest difference seen between the
 * two clocks is where the whole one had just ticked; where it was set back, one begins anew.
 */
export function createPreciseWall(clock: Pick<Clock, "now" | "wall">): () => number {
  let base = Number.NEGATIVE_INFINITY;
  return () => {
    const now = clock.now();
    const difference = clock.wall() - now;
    if (difference > base || base - difference > 2) base = difference;
    return now + base;
  };
}
