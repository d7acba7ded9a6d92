import type { SeriesKey } from "../protocol/frame.ts";
import type { Tags } from "./recorder.ts";

/** A text that is equal for equal metric and tags, and only for them. */
export function nameSeries(metric: string, sortedTags: Tags): string {
  return metric + JSON.stringify(sortedTags);
}

/** The same tags with their keys in order. */
export function sortTags(tags: Tags): Tags {
  return Object.fromEntries(
    Object.entries(tags).toSorted(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0)),
  );
}

/** Whether a series carries all these tags with these values. */
export function hasTags(key: SeriesKey, wanted: Tags): boolean {
  for (const name in wanted) if (key.tags[name] !== wanted[name]) return false;
  return true;
}
