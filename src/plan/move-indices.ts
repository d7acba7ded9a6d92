import type { IndexRun } from "../protocol/plan.ts";

/** Ascending indices as runs with a step: few where the indices are regular. */
export function packIndices(indices: readonly number[]): IndexRun[] {
  const runs: IndexRun[] = [];
  for (let at = 0; at < indices.length; ) {
    const from = indices[at] as number;
    const step = (indices[at + 1] ?? from + 1) - from;
    let to = from;
    while (indices[at + 1] === to + step) {
      to += step;
      at++;
    }
    at++;
    runs.push({ from, to, step });
  }
  return runs;
}

/** Who may take indices: how many it has of its `weight`, and for how many more there is room. */
export interface Taker {
  readonly weight: number;
  readonly holds: number;
  readonly room: number;
}

/** Deals indices, each to the taker furthest below its weight. `left`: those that found no room. */
export function dealIndices(
  indices: readonly number[],
  takers: readonly Taker[],
): { readonly dealt: readonly number[][]; readonly left: number[] } {
  const dealt = takers.map((): number[] => []);
  const left: number[] = [];
  for (const index of indices) {
    let best = -1;
    let bestFill = Number.POSITIVE_INFINITY;
    takers.forEach((taker, at) => {
      const taken = dealt[at]?.length ?? 0;
      const fill = (taker.holds + taken) / taker.weight;
      if (taken < taker.room && fill < bestFill) {
        best = at;
        bestFill = fill;
      }
    });
    (dealt[best] ?? left).push(index);
  }
  return { dealt, left };
}
