/** Inclusive ranges of statuses; null: every one below 400. */
export type StatusRanges = readonly (readonly [low: number, high: number])[] | null;

/** Tells whether a status counts as success. */
export function expectStatus(ranges: StatusRanges): (status: number) => boolean {
  if (ranges === null) return (status) => status >= 200 && status < 400;
  return (status) => ranges.some(([low, high]) => status >= low && status <= high);
}
