import { countIndices, endless, listIndices } from "../plan/index-runs.ts";
import { dealIndices, packIndices } from "../plan/move-indices.ts";
import type { Order } from "../protocol/message.ts";
import type { Share } from "../protocol/plan.ts";
import type { FleetState, Member } from "./fleet-state.ts";
import type { OwnedSlave } from "./owner-state.ts";

/** An order for one member; the fleet stamps and sends it once the state behind it is durable. */
export interface MemberOrder {
  readonly slaveId: string;
  readonly order: Order;
}

/**
 * Begins what the partition lacks: a draining member is asked to release, what nobody holds is granted. Nothing while
 * an epoch's releases are not all confirmed, and nothing unless the load runs. Marks the state as dirty if it changed.
 */
export function planEpoch(fleet: FleetState): readonly MemberOrder[] {
  const { core } = fleet;
  if (core.phase !== "running" || fleet.move !== null) return [];
  const leaving = listRunning(fleet).filter(
    ({ slave, member }) => member.draining && countHeld(slave.share) > 0 && member.confirmed === member.epoch,
  );
  if (leaving.length > 0) {
    fleet.epoch++;
    fleet.dirty = true;
    fleet.move = { epoch: fleet.epoch, waiting: new Set(leaving.map(({ member }) => member.id)) };
    return leaving.map(({ member }) => ({ slaveId: member.id, order: createRelease(fleet) }));
  }
  return grantPool(fleet);
}

/** Takes back all that a slave held: it was lost, or has confirmed its release. */
export function takeBack(fleet: FleetState, slave: OwnedSlave): void {
  fleet.dirty = true;
  slave.share.scenarios.forEach((part, at) => {
    const pool = fleet.pool[at];
    if (pool === undefined) return;
    for (const index of listIndices(part.vus, 0, endless)) pool.push(index);
    pool.sort((a, b) => a - b);
  });
  slave.share = { scenarios: slave.share.scenarios.map((part) => ({ ...part, vus: [] })) };
}

/** The order of the release that a draining member has not confirmed yet: it keeps nothing. */
export function createRelease({ core, move, epoch }: FleetState): Order {
  const nothing = { vus: [], arrivals: [], iterations: [] };
  return { type: "release", epoch: move?.epoch ?? epoch, share: { scenarios: core.plan.scenarios.map(() => nothing) } };
}

/** How many VU indices a share holds. */
export function countHeld(share: Share): number {
  return share.scenarios.reduce((sum, part) => sum + countIndices(part.vus, endless), 0);
}

function grantPool(fleet: FleetState): readonly MemberOrder[] {
  const takers = listRunning(fleet).filter(({ member }) => !member.draining);
  const changed = new Set<OwnedSlave>();
  fleet.pool.forEach((pool, at) => {
    if (pool.length === 0) return;
    const { dealt, left } = dealIndices(
      pool,
      takers.map(({ slave, member }) => {
        const holds = countHeld(slave.share);
        const room = fleet.roomOf(member.id);
        return { weight: room, holds, room: room - holds };
      }),
    );
    takers.forEach(({ slave }, taker) => {
      const gained = dealt[taker] ?? [];
      if (gained.length === 0) return;
      slave.share = addIndices(slave.share, at, gained);
      changed.add(slave);
    });
    fleet.pool[at] = left;
  });
  if (fleet.pool.some((pool) => pool.length > 0)) fleet.degraded = true;
  if (changed.size === 0) return [];
  fleet.epoch++;
  fleet.dirty = true;
  return takers
    .filter(({ slave }) => changed.has(slave))
    .map(({ slave, member }) => {
      member.epoch = fleet.epoch;
      return { slaveId: member.id, order: { type: "grant", epoch: fleet.epoch, share: slave.share } };
    });
}

function addIndices(share: Share, scenario: number, gained: readonly number[]): Share {
  return {
    scenarios: share.scenarios.map((part, at) => {
      if (at !== scenario) return part;
      const all = [...listIndices(part.vus, 0, endless), ...gained].sort((a, b) => a - b);
      return { ...part, vus: packIndices(all) };
    }),
  };
}

function listRunning({ core, members }: FleetState): { readonly slave: OwnedSlave; readonly member: Member }[] {
  return core.slaves.flatMap((slave) => {
    const member = members.get(slave.id);
    return member !== undefined && slave.state === "running" && member.started ? [{ slave, member }] : [];
  });
}
