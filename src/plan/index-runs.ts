import type { IndexRun } from "../protocol/plan.ts";
import type { Stripe } from "./stripe.ts";

/** `to` of a run that never ends. */
export const endless = Number.MAX_SAFE_INTEGER;

/** The indices 1 … `last` that are in a stripe (index i is the stripe's i - 1), as runs in order of `from`. */
export function listStripeRuns(stripe: Stripe, last: number): IndexRun[] {
  return stripe.offsets.filter((offset) => offset < last).map((offset) => createRun(offset + 1, last, stripe.period));
}

/** How many indices up to and with `last` the runs hold. */
export function countIndices(runs: readonly IndexRun[], last: number): number {
  let count = 0;
  for (const run of runs) {
    const end = Math.min(run.to, last);
    if (end >= run.from) count += Math.floor((end - run.from) / run.step) + 1;
  }
  return count;
}

/** The runs' indices in (after, last], ascending. */
export function listIndices(runs: readonly IndexRun[], after: number, last: number): number[] {
  const indices: number[] = [];
  for (const run of runs) {
    const end = Math.min(run.to, last);
    const passed = after < run.from ? 0 : Math.floor((after - run.from) / run.step) + 1;
    for (let index = run.from + passed * run.step; index <= end; index += run.step) indices.push(index);
  }
  return indices.sort((a, b) => a - b);
}

/** The part of the runs that a stripe takes, counted along the runs' own order, so that equal stripes get equal parts. */
export function cutRuns(runs: readonly IndexRun[], stripe: Stripe): IndexRun[] {
  const cut: IndexRun[] = [];
  for (const run of runs) {
    const rank = countIndices(runs, run.from - 1);
    // The stripe seen from the run's first index: rank r of the share is element r - rank of the run.
    for (const offset of stripe.offsets) {
      const first = (((offset - rank) % stripe.period) + stripe.period) % stripe.period;
      const from = run.from + first * run.step;
      if (from <= run.to) cut.push(createRun(from, run.to, run.step * stripe.period));
    }
  }
  return cut.sort((a, b) => a.from - b.from);
}

function createRun(from: number, last: number, step: number): IndexRun {
  return { from, to: last === endless ? endless : from + Math.floor((last - from) / step) * step, step };
}
