import type { ArrivalPattern } from "../protocol/plan.ts";
import { computeArrivalTime, countArrivals, type RateProfile } from "./profiles/rate-profile.ts";
import { scaleStripe } from "./stripe.ts";

/** The first event that is planned at this scenario time or later; the number of all events if there is none. */
export function findArrival(profile: RateProfile, timeMs: number): number {
  let low = 0;
  let high = countArrivals(profile);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (computeArrivalTime(profile, middle) < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What is left of windows when no event from `end` on belongs to them. */
export function cutWindows(windows: readonly ArrivalPattern[], end: number): ArrivalPattern[] {
  return windows
    .filter(({ from }) => from < end)
    .map((window) => (window.to === null || window.to > end ? { ...window, to: end } : window));
}

/** How many events below `end` windows hold. */
export function countEvents(windows: readonly ArrivalPattern[], end: number): number {
  return windows.reduce((sum, window) => {
    const to = Math.min(window.to ?? end, end);
    return to <= window.from ? sum : sum + scaleStripe(window, to) - scaleStripe(window, window.from);
  }, 0);
}
