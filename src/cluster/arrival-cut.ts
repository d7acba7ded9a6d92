import { countIndices, endless } from "../plan/index-runs.ts";
import { countEvents, findArrival } from "../plan/move-arrivals.ts";
import { createLoadProfile } from "../plan/profiles/load-profile.ts";
import {
  computeArrivalTime,
  countArrivals,
  type RateProfile,
  scaleRateProfile,
} from "../plan/profiles/rate-profile.ts";
import { cutStripes } from "../plan/stripe.ts";
import type { ArrivalPattern, PlannedScenario, ScenarioShare, Share } from "../protocol/plan.ts";
import type { LeaseTimes } from "./lease-times.ts";
import type { ArrivalState, ScenarioPartition } from "./partition.ts";

/** A cut is planned so far ahead of the test clock: the time for everybody to be told. */
const LEAD_MS = 1_000;

/** Once it is nearer than this and somebody has not confirmed, it is put off: nobody may have passed it by then. */
const MARGIN_MS = 500;

/** What a cut is computed from: the scenario, its part of the partition, and its own test time. */
export interface CutContext {
  readonly planned: PlannedScenario;
  readonly part: ScenarioPartition;
  /** Test time from the scenario's start, ms. */
  readonly timeMs: number;
  /** The furthest that the clock of somebody who holds events may show. */
  readonly latestMs: number;
  readonly times: LeaseTimes;
  /** Everybody who holds events has acted on the scales through this serial. */
  readonly steered: number;
}

/** The rate as it is ordered now. */
export function readRate({ planned, part }: Pick<CutContext, "planned" | "part">): RateProfile {
  return scaleRate(planned, part, part.scales.length);
}

/** The first event that is far enough ahead for everybody, also for those who have not heard of a new rate yet. */
export function planCut(context: CutContext): number {
  return Math.max(...listRates(context, context.steered).map((rate) => findArrival(rate, context.latestMs + LEAD_MS)));
}

/** The first event that a source which was given up at this time of the scenario cannot have started. */
export function findPassed(context: CutContext, atMs: number, steered: number): number {
  return Math.max(...listRates(context, steered).map((rate) => findArrival(rate, atMs + MARGIN_MS)));
}

/** Might somebody reach the cut soon? */
export function isCutNear(context: CutContext, cut: number): boolean {
  return listRates(context, context.steered).some(
    (rate) => computeArrivalTime(rate, cut) < context.latestMs + MARGIN_MS,
  );
}

/** Are there no events from here on? */
export function isBeyondLoad(context: CutContext, event: number): boolean {
  return event >= countArrivals(readRate(context));
}

/** Were all events of the share's windows planned so long ago that every clock has passed them? */
export function areWindowsOver(context: CutContext, windows: readonly ArrivalPattern[]): boolean {
  const last = windows.at(-1);
  if (last === undefined) return true;
  return (
    last.to !== null &&
    listRates(context, context.steered).every(
      (rate) => computeArrivalTime(rate, last.to ?? 0) <= context.timeMs - MARGIN_MS,
    )
  );
}

/** Do these VUs (by slave, `dead` for nobody's) ask for other stripes than the open windows have? */
export function differsFromDealt({ dealt }: ArrivalState, wanted: ReadonlyMap<string, number>): boolean {
  const sum = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((total, count) => total + count, 0);
  const had = sum(dealt);
  const has = sum(wanted);
  const names = new Set([...dealt.keys(), ...wanted.keys()]);
  return [...names].some((name) => (dealt.get(name) ?? 0) * has !== (wanted.get(name) ?? 0) * had);
}

/** Deals the events from the cut on by VUs; gives the open window of each slave that has any. */
export function dealWindows(
  context: CutContext,
  state: ArrivalState,
  counts: ReadonlyMap<string, number>,
): ReadonlyMap<string, ArrivalPattern> {
  const rate = readRate(context);
  let from = state.open ?? 0;
  // Long since due, and nobody held them: a burst of all of them now would be no load that was asked for.
  if (computeArrivalTime(rate, from) < context.timeMs - LEAD_MS) {
    const next = findArrival(rate, context.timeMs);
    state.unheld += next - from;
    from = next;
  }
  state.open = null;
  state.leastCut = Math.max(state.leastCut, from);
  state.dealt = new Map(counts);
  const stripes = cutStripes([...counts.values()]);
  const windows = new Map<string, ArrivalPattern>();
  [...counts.keys()].forEach((id, at) => {
    const stripe = stripes[at];
    if (stripe !== undefined && stripe.offsets.length > 0) windows.set(id, { from, to: null, ...stripe });
  });
  return windows;
}

/** The share's windows without those that are long past, and how many events those held. */
export function pruneWindows(
  context: CutContext,
  windows: readonly ArrivalPattern[],
): { readonly kept: readonly ArrivalPattern[]; readonly pruned: number } {
  const { timeMs, times } = context;
  const past = findArrival(readRate(context), timeMs - 2 * times.timeoutMs - 10_000);
  const gone = windows.filter(({ to }) => to !== null && to <= past);
  return { kept: windows.filter((window) => !gone.includes(window)), pruned: countEvents(gone, past) };
}

/** The part with its last window up to another end. */
export function extendShare(share: Share, cuts: readonly (readonly [from: number, to: number] | null)[]): Share {
  const extend = (part: ScenarioShare, at: number): ScenarioShare => {
    const cut = cuts[at];
    if (cut === null || cut === undefined) return part;
    const arrivals = part.arrivals.map((window) => (window.to === cut[0] ? { ...window, to: cut[1] } : window));
    return { ...part, arrivals };
  };
  return { scenarios: share.scenarios.map(extend) };
}

/** How many VU indices a part of a share holds. */
export function countVusOf(part: ScenarioShare | undefined): number {
  return countIndices(part?.vus ?? [], endless);
}

/** The rates that may be in force where the orders after `steered` were not acted on, the latest among them. */
function listRates({ planned, part }: CutContext, steered: number): readonly RateProfile[] {
  const known = part.scales.filter(({ serial }) => serial <= steered).length;
  const rates: RateProfile[] = [];
  for (let count = known; count <= part.scales.length; count++) rates.push(scaleRate(planned, part, count));
  return rates;
}

function scaleRate({ scenario }: PlannedScenario, { scales }: ScenarioPartition, count: number): RateProfile {
  const profile = createLoadProfile(scenario.load);
  if (profile.kind !== "arrivals") throw new TypeError(`scenario ${scenario.name} has no rate`);
  return scales
    .slice(0, count)
    .reduce(
      (rate, { atMs, target, overMs }) =>
        scaleRateProfile(rate, Math.max(0, atMs - scenario.startTimeMs), target, overMs),
      profile.rate,
    );
}
