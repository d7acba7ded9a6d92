import { endless, listIndices } from "../plan/index-runs.ts";
import type { Fact, Order } from "../protocol/message.ts";
import type { FleetState } from "./fleet-state.ts";
import type { OwnedSlave } from "./owner-state.ts";

/**
 * A slave's VUs may begin iterations below the numbers of the claim once the answer has left, which is when the claim
 * is durable: whoever takes the VUs after a loss goes on at those numbers. Claims do not depend on each other.
 */
export function noteClaim(
  fleet: FleetState,
  slave: OwnedSlave,
  { scenario, serial, through }: Fact & { readonly type: "claim" },
): readonly Order[] {
  const at = fleet.core.plan.scenarios.findIndex((planned) => planned.scenario.name === scenario);
  const progress = fleet.partition.scenarios[at]?.progress ?? null;
  if (progress === null) return [];
  const held = new Set(listIndices(slave.share.scenarios[at]?.vus ?? [], 0, endless));
  const load = fleet.core.plan.scenarios[at]?.scenario.load;
  const most = load?.mode === "per-vu-iterations" ? load.iterations : 0;
  for (const [vu, claimed] of through) {
    const iteration = Math.min(claimed, most);
    if (!held.has(vu) || iteration <= (progress.claimed[vu - 1] ?? 0)) continue;
    progress.claimed[vu - 1] = iteration;
    fleet.dirty = true;
  }
  return [{ type: "claimed", scenario, serial }];
}
