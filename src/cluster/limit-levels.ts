import type { LimitSearch } from "../protocol/limit-search.ts";
import type { LimitLevel } from "../protocol/report.ts";

/** The next level of a search, or why there is none. */
export type NextLevel = { readonly target: number } | { readonly over: string };

/**
 * What follows from the levels that were judged: up from `from` by the factor while they hold, at most to `to`; after one
 * that broke, the middle between it and the highest that held, until they are no further apart than the tolerance.
 */
export function chooseLevel(search: LimitSearch, levels: readonly LimitLevel[]): NextLevel {
  const { from, to, factor, tolerance } = search;
  if (levels.length === 0) return { target: from };
  const low = findHeld(levels);
  const broken = findBroken(levels);
  if (low === null) return { over: `${showTarget(search, from)} does not hold: ${broken?.why ?? ""}` };
  if (broken === null) {
    if (low.target >= to) return { over: `everything up to ${showTarget(search, to)} holds; give a higher \`to\`` };
    return { target: Math.min(to, above(search, low.target, low.target * factor)) };
  }
  const middle = round(search, (low.target + broken.target) / 2);
  const near = broken.target - low.target <= tolerance * low.target;
  if (near || middle <= low.target || middle >= broken.target)
    return { over: `${showTarget(search, broken.target)} does not hold: ${broken.why ?? ""}` };
  return { target: middle };
}

/** Why a search ends after a level that broke, where the target did not recover: every other level would break too. */
export function describeLasting(search: LimitSearch, levels: readonly LimitLevel[]): string {
  const broken = findBroken(levels);
  const [low, high] = [findHeld(levels)?.target ?? search.from, broken?.target ?? search.to];
  return (
    `${showTarget(search, high)} does not hold: ${broken?.why ?? ""}; the target did not recover from it at ` +
    `${showTarget(search, search.from)}, so what lies above ${showTarget(search, low)} is not known`
  );
}

/** The highest level that held; null: none. */
export function findHeld(levels: readonly LimitLevel[]): LimitLevel | null {
  return levels.reduce<LimitLevel | null>(
    (best, level) => (level.held && level.target > (best?.target ?? Number.NEGATIVE_INFINITY) ? level : best),
    null,
  );
}

/** The lowest level that broke; null: none. */
function findBroken(levels: readonly LimitLevel[]): LimitLevel | null {
  return levels.reduce<LimitLevel | null>(
    (least, level) => (!level.held && level.target < (least?.target ?? Number.POSITIVE_INFINITY) ? level : least),
    null,
  );
}

/** `60/s`, `12 VUs`. */
export function showTarget({ of }: Pick<LimitSearch, "of">, target: number): string {
  return of === "rate" ? `${target}/s` : `${target} VUs`;
}

/** Whole VUs, and whole rates where that is fine enough. */
function round({ of }: LimitSearch, target: number): number {
  return of === "vus" || target >= 10 ? Math.round(target) : Number(target.toPrecision(6));
}

function above(search: LimitSearch, low: number, target: number): number {
  const rounded = round(search, target);
  return rounded > low ? rounded : Math.floor(low) + 1;
}
