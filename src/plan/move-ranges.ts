import type { IterationRange } from "../protocol/plan.ts";

/** How many iterations ranges hold. */
export function countRanges(ranges: readonly IterationRange[]): number {
  return ranges.reduce((sum, [from, to]) => sum + to - from, 0);
}

/** The first `count` iterations of ranges, and the others. */
export function takeFirst(
  ranges: readonly IterationRange[],
  count: number,
): { readonly taken: IterationRange[]; readonly left: IterationRange[] } {
  const taken: IterationRange[] = [];
  const left: IterationRange[] = [];
  let wanted = count;
  for (const [from, to] of ranges) {
    const middle = Math.min(to, from + wanted);
    if (middle > from) taken.push([from, middle]);
    if (to > middle) left.push([middle, to]);
    wanted -= middle - from;
  }
  return { taken, left };
}

/** What is left of disjoint ranges without those. */
export function subtractRanges(
  ranges: readonly IterationRange[],
  without: readonly IterationRange[],
): IterationRange[] {
  let left: IterationRange[] = [...ranges];
  for (const [from, to] of without) {
    left = left.flatMap(([first, end]): IterationRange[] => {
      if (end <= from || first >= to) return [[first, end]];
      const kept: IterationRange[] = [];
      if (first < from) kept.push([first, from]);
      if (end > to) kept.push([to, end]);
      return kept;
    });
  }
  return left;
}

/** Disjoint ranges in order, those that touch as one. */
export function joinRanges(...lists: readonly (readonly IterationRange[])[]): IterationRange[] {
  const joined: [number, number][] = [];
  for (const [from, to] of lists.flat().sort((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last !== undefined && last[1] === from) last[1] = to;
    else joined.push([from, to]);
  }
  return joined;
}
