import { cutPlan } from "../plan/cut-plan.ts";
import { countIndices } from "../plan/index-runs.ts";
import type { Plan, ScenarioShare, Share } from "../protocol/plan.ts";
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
  for (const planned of plan.scenarios) {
    const part: Plan = { ...plan, scenarios: [planned], vus: planned.largestVus };
    cutPlan(part, scaleWeights(left, plan.vus)).forEach((share, at) => {
      const own = share.scenarios[0] as ScenarioShare;
      dealt[at]?.push(own);
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

/** Room beyond the plan's VUs on an unlimited slave counts as just that many. */
function scaleWeights(rooms: readonly number[], vus: number): number[] {
  const weights = rooms.map((room) => Math.max(0, room > unlimited ? vus : room));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (sum <= largestWeights) return weights;
  return weights.map((weight) => (weight === 0 ? 0 : Math.max(1, Math.floor((weight / sum) * largestWeights))));
}
