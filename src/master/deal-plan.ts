import { cutPlan } from "../plan/cut-plan.ts";
import { countIndices } from "../plan/index-runs.ts";
import type { Plan, PlannedScenario, ScenarioShare, Share } from "../protocol/plan.ts";
import type { ChosenSlave } from "./select-slaves.ts";

/** A slave's part of the first partition. */
export interface DealtShare {
  readonly id: string;
  readonly share: Share;
  readonly vus: number;
}

/** What is left of an unlimited room stays above this. */
const unlimited = 2 ** 52;

/** Weights are scaled down to this sum, which bounds the period of the stripes. */
const largestWeights = 100_000;

/**
 * The first partition of a plan, by the slaves' free VUs. Scenarios are dealt one after another, each by the room that is
 * left, so that together they fit where the selection said so. Slaves that get no VU are left out.
 */
export function dealPlan(plan: Plan, slaves: readonly ChosenSlave[]): DealtShare[] {
  const left = slaves.map(({ free }) => Math.min(free, Number.MAX_SAFE_INTEGER));
  const dealt = slaves.map((): ScenarioShare[] => []);
  for (const place of sortByTakers(plan, slaves)) {
    const planned = plan.scenarios[place] as PlannedScenario;
    const part: Plan = { ...plan, scenarios: [planned], vus: planned.largestVus };
    const rooms = left.map((room, at) => (mayTake(slaves[at], place) ? room : 0));
    cutPlan(part, scaleWeights(rooms, plan.vus)).forEach((share, at) => {
      const own = share.scenarios[0] as ScenarioShare;
      const list = dealt[at];
      if (list !== undefined) list[place] = own;
      left[at] = (left[at] ?? 0) - countIndices(own.vus, planned.largestVus);
    });
  }
  return slaves
    .map(({ id }, at) => {
      const scenarios = dealt[at] ?? [];
      const vus = scenarios.reduce(
        (sum, own, place) => sum + countIndices(own.vus, plan.scenarios[place]?.largestVus ?? 0),
        0,
      );
      return { id, share: { scenarios }, vus };
    })
    .filter(({ vus }) => vus > 0);
}

/** The first scenario that finds no room among the slaves that may have it, beside those that are dealt before it. */
export function findUnfit(
  plan: Plan,
  slaves: readonly ChosenSlave[],
): { readonly scenario: string; readonly need: number; readonly have: number } | null {
  const dealt = new Map(dealPlan(plan, slaves).map(({ id, share }) => [id, share]));
  const left = new Map(slaves.map(({ id, free }) => [id, free]));
  for (const place of sortByTakers(plan, slaves)) {
    const { scenario, largestVus } = plan.scenarios[place] as PlannedScenario;
    const takers = slaves.filter((slave) => mayTake(slave, place));
    const have = takers.reduce((sum, { id }) => sum + Math.max(0, left.get(id) ?? 0), 0);
    if (have < largestVus) return { scenario: scenario.name, need: largestVus, have };
    for (const { id } of takers) {
      const vus = dealt.get(id)?.scenarios[place]?.vus ?? [];
      left.set(id, (left.get(id) ?? 0) - countIndices(vus, largestVus));
    }
  }
  return null;
}

/** Those that few slaves may have come first: the others find room elsewhere. */
function sortByTakers(plan: Plan, slaves: readonly ChosenSlave[]): number[] {
  const counts = plan.scenarios.map((_, place) => slaves.filter((slave) => mayTake(slave, place)).length);
  return plan.scenarios.map((_, place) => place).toSorted((a, b) => (counts[a] ?? 0) - (counts[b] ?? 0));
}

function mayTake(slave: ChosenSlave | undefined, place: number): boolean {
  return slave?.takes?.[place] !== false;
}

/** Room beyond the plan's VUs on an unlimited slave counts as just that many. */
function scaleWeights(rooms: readonly number[], vus: number): number[] {
  const weights = rooms.map((room) => Math.max(0, room > unlimited ? vus : room));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (sum <= largestWeights) return weights;
  return weights.map((weight) => (weight === 0 ? 0 : Math.max(1, Math.floor((weight / sum) * largestWeights))));
}
