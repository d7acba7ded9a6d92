import { EngineError } from "../errors.ts";
import type { Plan } from "../protocol/plan.ts";
import { findUnfit } from "./deal-plan.ts";
import type { RegisteredSlave } from "./registered-slave.ts";
import { type ChosenSlave, type Selection, selectSlaves, type SlaveNeeds } from "./select-slaves.ts";

/**
 * Chooses the slaves of a plan: for each scenario those that it selects and that can run its steps. Scenarios that ask
 * for the same are chosen for as one.
 */
export function selectFleet(
  registered: readonly RegisteredSlave[],
  plan: Plan,
  scenarios: readonly SlaveNeeds[],
): Selection {
  const groups = [
    ...Map.groupBy(scenarios, ({ target, capabilities }) => JSON.stringify([target, capabilities])).values(),
  ];
  const selections = groups.map((group) =>
    selectSlaves(registered, {
      ...(group[0] as SlaveNeeds),
      vus: group.reduce((sum, { vus }) => sum + vus, 0),
    }),
  );
  const refused = selections.find((selection) => "error" in selection);
  if (refused !== undefined) return refused;
  const chosen = new Map<string, ChosenSlave>();
  selections.forEach((selection, group) => {
    if ("error" in selection) return;
    for (const { id, free } of selection.chosen) {
      const before = chosen.get(id)?.takes ?? [];
      const takes = scenarios.map((needs, place) => groups[group]?.includes(needs) === true || before[place] === true);
      chosen.set(id, { id, free, takes });
    }
  });
  const slaves = [...chosen.values()];
  const short = findUnfit(plan, slaves);
  if (short === null) return { chosen: slaves };
  const { scenario, need, have } = short;
  const error = new EngineError("scheduling_failed", `not enough capacity: need ${need} VUs, have ${have}`, {
    hint: `the slaves that scenario ${scenario} selects have no room beside the other scenarios; start more of them or raise their --max-vus`,
  });
  return { error, lacks: "room" };
}
