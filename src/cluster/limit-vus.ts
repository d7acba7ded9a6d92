import { changeVus } from "../measure/snapshot.ts";
import { countIndices, endless } from "../plan/index-runs.ts";
import type { VuCount } from "../protocol/frame.ts";
import type { FleetState, Member } from "./fleet-state.ts";
import { countAsked } from "./count-asked.ts";
import type { OwnedSlave } from "./owner-state.ts";
import { scenarioTimeAt } from "./scenario-time.ts";

/**
 * A slave's VU counts, no higher than what it holds: a frame from before a release must not show VUs of which the next
 * frame of somebody else tells. `stale`: it is from before; then no more than run now of what it kept.
 */
export function limitVus(
  fleet: FleetState,
  slave: OwnedSlave,
  counts: readonly VuCount[],
  stale: boolean,
  now: number,
): VuCount[] {
  const { plan } = fleet.core;
  return counts.map((count) => {
    const at = plan.scenarios.findIndex(({ scenario }) => scenario.name === count.scenario);
    const planned = plan.scenarios[at];
    const part = fleet.partition.scenarios[at];
    if (planned === undefined || part === undefined) return count;
    const last = stale ? countAsked(planned, part, scenarioTimeAt(fleet.core, count.scenario, now)) : endless;
    const most = countIndices(slave.share.scenarios[at]?.vus ?? [], last);
    return {
      ...count,
      active: Math.min(count.active, most),
      most: Math.min(count.most, most),
      allocated: Math.min(count.allocated, most),
      planned: Math.min(count.planned, most),
    };
  });
}

/** A member has let go of VUs: what it said of them before is over. */
export function noteFewerVus(fleet: FleetState, slave: OwnedSlave, member: Member, now: number): void {
  member.fewerSince = member.offered;
  changeVus(fleet.core.snapshot, slave.id, (counts) => limitVus(fleet, slave, counts, true, now));
}
