import type { Load } from "../protocol/load.ts";
import type { IndexRun, Plan, PlannedScenario, ScenarioShare, Share } from "../protocol/plan.ts";
import { countIndices, cutRuns, endless, listStripeRuns } from "./index-runs.ts";
import { cutWindows } from "./cut-windows.ts";
import { cutStripes, scaleStripe, type Stripe } from "./stripe.ts";

/** The first partition of a plan: one share per weight (a slave's free VUs). Together they are exactly the whole. */
export function cutPlan(plan: Plan, weights: readonly number[]): Share[] {
  const stripes = cutStripes(weights);
  const byScenario = plan.scenarios.map((planned) => cutScenario(planned, stripes));
  return weights.map((_, part) => ({ scenarios: byScenario.map((shares) => shares[part] as ScenarioShare) }));
}

/**
 * Cuts a share for threads. VUs and arrivals are divided; ranges of shared iterations are given to every part whole,
 * because the threads claim from them with one common counter.
 */
export function cutShare(share: Share, plan: Plan, parts: number): Share[] {
  const stripes = cutStripes(Array.from({ length: parts }, () => 1));
  const byScenario = share.scenarios.map((whole, at): ScenarioShare[] => {
    // Another thread begins in each scenario, so that scenarios of one VU do not all fall to the first.
    const turned = stripes.map((_, part) => stripes[(part + at) % parts] as Stripe);
    const vus = turned.map((stripe) => cutRuns(whole.vus, stripe));
    const largest = plan.scenarios[at]?.largestVus ?? 0;
    const arrivals = cutWindows(
      whole.arrivals,
      vus.map((runs) => countIndices(runs, largest)),
    );
    return vus.map((runs, part) => ({
      vus: runs,
      arrivals: arrivals[part] ?? [],
      iterations: whole.iterations,
      ...pickBegun(whole, runs),
    }));
  });
  return stripes.map((_, part) => ({ scenarios: byScenario.map((shares) => shares[part] as ScenarioShare) }));
}

/** The entries of `begun` for the VUs of these runs; nothing where the share has none. */
export function pickBegun({ begun }: ScenarioShare, runs: readonly IndexRun[]): Pick<ScenarioShare, "begun"> {
  if (begun === undefined) return {};
  return { begun: begun.filter(([vu]) => countIndices(runs, vu) > countIndices(runs, vu - 1)) };
}

function cutScenario(planned: PlannedScenario, stripes: readonly Stripe[]): ScenarioShare[] {
  const { load } = planned.scenario;
  const last = isBounded(load) ? planned.largestVus : endless;
  const counts = stripes.map((stripe) => scaleStripe(stripe, planned.largestVus));
  const iterations = load.mode === "shared-iterations" ? load.iterations : 0;
  let from = 0;
  return cutStripes(counts).map((stripe, part): ScenarioShare => {
    const to = from + scaleStripe(stripe, iterations);
    const range = [from, to] as const;
    from = to;
    return {
      vus: listStripeRuns(stripes[part] as Stripe, last),
      arrivals: isArrivalRate(load) && stripe.offsets.length > 0 ? [{ from: 0, to: null, ...stripe }] : [],
      iterations: range[0] < range[1] ? [range] : [],
    };
  });
}

/** Modes whose VU indices end at the largest count; the others can be scaled without limit. */
function isBounded(load: Load): boolean {
  return isArrivalRate(load) || load.mode === "externally-controlled";
}

function isArrivalRate(load: Load): boolean {
  return load.mode === "constant-arrival-rate" || load.mode === "ramping-arrival-rate";
}
