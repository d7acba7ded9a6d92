import type { Plan } from "../protocol/plan.ts";

/**
 * What an owner may deal out in ranges, by name: the shared iterations of each scenario, in the plan's order, then the
 * unique rows of each feeder, as `data.<name>`. No scenario's name has a dot.
 */
export function listLines({ scenarios, workflow }: Plan): readonly string[] {
  return [...scenarios.map(({ scenario }) => scenario.name), ...workflow.feeders.map(({ name }) => `data.${name}`)];
}
