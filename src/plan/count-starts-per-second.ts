import type { Plan } from "../protocol/plan.ts";
import { createLoadProfile } from "./profiles/load-profile.ts";

/**
 * How many iterations a second the arrival modes of a plan start at most, if all reach their highest rate, or the highest
 * that they search, together.
 */
export function countStartsPerSecond(plan: Plan): number {
  return plan.scenarios.reduce((sum, { scenario }) => {
    const profile = createLoadProfile(scenario.load);
    if (profile.kind !== "arrivals") return sum;
    const searched = scenario.limitSearch?.to ?? 0;
    const highest = Math.max(0, searched, ...profile.rate.pieces.flatMap((piece) => [piece.from, piece.to]));
    return sum + (highest * 1000) / profile.rate.timeUnitMs;
  }, 0);
}
