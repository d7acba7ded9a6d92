import type { Plan } from "../protocol/plan.ts";
import { createLoadProfile } from "../plan/profiles/load-profile.ts";

/** A plan below both does not need a second thread. */
const manyVus = 200;
const manyStartsPerSecond = 2_000;

/** How many worker threads a plan gets unless the user says: 1 for a small load, else one per core, never more than VUs. */
export function chooseThreads(plan: Plan, cores: number): number {
  const startsPerSecond = plan.scenarios.reduce((sum, { scenario }) => {
    const profile = createLoadProfile(scenario.load);
    if (profile.kind !== "arrivals") return sum;
    const highest = Math.max(0, ...profile.rate.pieces.flatMap((piece) => [piece.from, piece.to]));
    return sum + (highest * 1000) / profile.rate.timeUnitMs;
  }, 0);
  if (plan.vus < manyVus && startsPerSecond < manyStartsPerSecond) return 1;
  return Math.max(1, Math.min(cores, plan.vus));
}
