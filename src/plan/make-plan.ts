import type { Plan, PlannedScenario } from "../protocol/plan.ts";
import type { Workflow } from "../protocol/workflow.ts";
import { computeLoadDuration, findLargestVus } from "./profiles/load-profile.ts";

/** Makes a workflow ready to split: how many VUs each scenario can reach, which ids they have, how long it lasts. */
export function makePlan(workflow: Workflow): Plan {
  const scenarios: PlannedScenario[] = [];
  let vus = 0;
  for (const scenario of workflow.scenarios) {
    const largestVus = findLargestVus(scenario.load);
    scenarios.push({ scenario, vuBase: vus, largestVus, durationMs: computeLoadDuration(scenario.load) });
    vus += largestVus;
  }
  // They may hold credentials, and no slave opens them.
  return { workflow: workflow.outputs.length === 0 ? workflow : { ...workflow, outputs: [] }, scenarios, vus };
}
