import type { Snapshot } from "../measure/snapshot.ts";
import type { Total } from "../measure/totals.ts";
import type { Clock } from "../protocol/ports.ts";
import { createPoint } from "./create-point.ts";
import type { OutputPoint } from "./output.ts";

/** The sums from the start that have changed since they were taken last; a minute after the last time, and with `all`, every one. */
export interface ChangedTotals {
  /** To be encoded at once: the sums go on. */
  take(all: boolean): OutputPoint[];
}

/** Sums that do not change are told as often, or they would be taken for gone. */
const repeatMs = 60_000;

/** Nothing was taken yet. */
export function createChangedTotals(snapshot: Snapshot, clock: Clock): ChangedTotals {
  /** By metric and series. */
  const told = new Map<string, number>();
  let repeatedAt = -Infinity;
  return {
    take(all) {
      const everything = all || clock.now() - repeatedAt >= repeatMs;
      if (everything) repeatedAt = clock.now();
      const timeMs = clock.wall();
      const points: OutputPoint[] = [];
      for (const { series } of snapshot.metrics.values()) {
        for (const [seriesName, { key, total }] of series) {
          const mark = markOf(total);
          if (!everything && told.get(seriesName) === mark) continue;
          told.set(seriesName, mark);
          points.push(createPoint(key, timeMs, total, 0));
        }
      }
      return points;
    },
  };
}

/** Differs whenever the sum has changed. */
function markOf(total: Total): number {
  switch (total.type) {
    case "counter":
      return total.sum;
    case "gauge":
      return total.value;
    case "rate":
      return total.total;
    case "trend":
      return total.histogram.count;
    default:
      return total satisfies never;
  }
}
