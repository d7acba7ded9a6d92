import { lookupMetric } from "../measure/catalog.ts";
import type { Total } from "../measure/totals.ts";
import type { SeriesKey } from "../protocol/frame.ts";
import type { OutputPoint } from "./output.ts";

/** A series' point; `timeMs` and `late` as in `OutputPoint`. */
export function createPoint(key: SeriesKey, timeMs: number, total: Total, late: number): OutputPoint {
  const contains = lookupMetric(key.metric, {})?.contains ?? "default";
  return { metric: key.metric, contains, tags: key.tags, timeMs, total, late };
}
