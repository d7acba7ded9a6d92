import { endless, listIndices } from "../plan/index-runs.ts";
import { countVusOf } from "./arrival-cut.ts";
import { countHeld, pickTakers, type RunningMember } from "./held-shares.ts";
import type { FleetState } from "./fleet-state.ts";

/**
 * What members give up for one that came, by slave and scenario: what they have above their weight, no more than finds
 * room elsewhere. Empty unless the workflow asks for it and somebody came.
 */
export function findSurplus(
  fleet: FleetState,
  running: readonly RunningMember[],
): ReadonlyMap<string, readonly (readonly number[])[]> {
  const surplus = new Map<string, number[][]>();
  const { core, partition } = fleet;
  if (!partition.rebalance || core.plan.workflow.onSlaveJoin !== "rebalance") return surplus;
  const takers = running.filter(({ member }) => !member.draining);
  const weights = takers.map(({ member }) => Math.max(0, fleet.roomOf(member.id)));
  const rooms = takers.map(({ slave }, place) => Math.max(0, (weights[place] ?? 0) - countHeld(slave.share)));
  partition.scenarios.forEach((_, at) => {
    const counts = takers.map(({ slave }) => countVusOf(slave.share.scenarios[at]));
    const total = counts.reduce((sum, count) => sum + count, 0);
    const able = pickTakers(fleet, takers, at);
    const own = takers.map((taker, place) => (able.includes(taker) ? (weights[place] ?? 0) : 0));
    const whole = own.reduce((sum, weight) => sum + weight, 0);
    if (whole === 0) return;
    const fair = own.map((weight) => (total * weight) / whole);
    let wanted = counts.reduce(
      (sum, count, place) => sum + Math.max(0, Math.min(Math.floor(fair[place] ?? 0) - count, rooms[place] ?? 0)),
      0,
    );
    takers.forEach(({ slave, member }, place) => {
      const count = Math.min(wanted, Math.max(0, (counts[place] ?? 0) - Math.ceil(fair[place] ?? 0)));
      if (count === 0) return;
      wanted -= count;
      const lists = surplus.get(member.id) ?? core.plan.scenarios.map((): number[] => []);
      lists[at] = spread(listIndices(slave.share.scenarios[at]?.vus ?? [], 0, endless), count);
      surplus.set(member.id, lists);
    });
  });
  return surplus;
}

/** So many of the indices, evenly spread: a load of fewer VUs runs on both sides. */
function spread(indices: readonly number[], count: number): number[] {
  return Array.from({ length: count }, (_, at) => indices[Math.floor(((at + 0.5) * indices.length) / count)] ?? 0);
}
