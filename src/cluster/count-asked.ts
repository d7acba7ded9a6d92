import { createLoadProfile } from "../plan/profiles/load-profile.ts";
import { countVus, scaleVuProfile } from "../plan/profiles/vu-profile.ts";
import type { PlannedScenario } from "../protocol/plan.ts";
import type { ScenarioPartition } from "./partition.ts";

/** How many VUs the load asks for at a time of the scenario's own. */
export function countAsked(planned: PlannedScenario, { scales }: ScenarioPartition, timeMs: number): number {
  const profile = createLoadProfile(planned.scenario.load);
  if (profile.kind === "arrivals") return profile.maxVus;
  const start = planned.scenario.startTimeMs;
  const scaled = scales.reduce(
    (vus, { atMs, target, overMs }) => scaleVuProfile(vus, Math.max(0, atMs - start), target, overMs),
    profile.vus,
  );
  return countVus(scaled, Math.max(0, timeMs - start));
}
