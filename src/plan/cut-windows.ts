import type { ArrivalPattern } from "../protocol/plan.ts";
import { cutStripe, cutStripes } from "./stripe.ts";

/** Divides windows by weights (VUs). Where nobody has a VU the first part gets all: it drops the events and counts them. */
export function cutWindows(windows: readonly ArrivalPattern[], weights: readonly number[]): ArrivalPattern[][] {
  const some = weights.some((weight) => weight > 0) ? weights : weights.map((_, part) => (part === 0 ? 1 : 0));
  return cutStripes(some).map((stripe) =>
    windows
      .map(({ from, to, ...whole }) => ({ from, to, ...cutStripe(whole, stripe) }))
      .filter(({ offsets }) => offsets.length > 0),
  );
}

/** Where windows end: the first event index behind them, Infinity for an open one; 0 without any. */
export function findWindowsEnd(windows: readonly ArrivalPattern[]): number {
  return windows.reduce((end, { to }) => Math.max(end, to ?? Number.POSITIVE_INFINITY), 0);
}

/** What of the windows lies at event `from` and behind it. */
export function listWindowsFrom(windows: readonly ArrivalPattern[], from: number): ArrivalPattern[] {
  return windows
    .filter(({ to }) => to === null || to > from)
    .map((window) => (window.from >= from ? window : { ...window, from }));
}

/** What of the windows lies before event `end`. */
export function listWindowsBefore(windows: readonly ArrivalPattern[], end: number): ArrivalPattern[] {
  return windows
    .filter(({ from }) => from < end)
    .map((window) => (window.to !== null && window.to <= end ? window : { ...window, to: end }));
}
