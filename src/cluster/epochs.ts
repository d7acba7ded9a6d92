import { countIndices, endless, listIndices } from "../plan/index-runs.ts";
import { cutWindows } from "../plan/move-arrivals.ts";
import { packIndices } from "../plan/move-indices.ts";
import type { Fact, Order } from "../protocol/message.ts";
import type { ScenarioShare, Share } from "../protocol/plan.ts";
import { takeBackRanges } from "./allotments.ts";
import {
  areWindowsOver,
  countVusOf,
  differsFromDealt,
  extendShare,
  isBeyondLoad,
  isCutNear,
  planCut,
} from "./arrival-cut.ts";
import { type FleetState, type Member, nameSource } from "./fleet-state.ts";
import { grantPool } from "./grant-pool.ts";
import {
  countHeld,
  countWanted,
  createCutContext,
  createGrant,
  listRunning,
  listTakers,
  type MemberOrder,
  pickTakers,
  type RunningMember,
  returnToPool,
  stripShare,
} from "./held-shares.ts";
import type { Instant, OwnedSlave } from "./owner-state.ts";
import type { Move } from "./partition.ts";
import { findSurplus } from "./rebalance.ts";

/**
 * Begins what the partition lacks: those who hold what must move are asked to release it, what nobody holds is granted.
 * Nothing else moves while an epoch's releases are not all confirmed, and nothing unless the load runs. Marks the state
 * as dirty if it changed.
 */
export function planEpoch(fleet: FleetState, time: Instant): readonly MemberOrder[] {
  const { core } = fleet;
  if (core.phase !== "running") return [];
  if (fleet.move !== null)
    return fleet.move.waiting.size > 0 ? putOffCuts(fleet, fleet.move, time) : endMove(fleet, time);
  const move = planMove(fleet, time);
  if (move === "wait") return grantPool(fleet, listRunning(fleet), time);
  if (move === null) return grantPool(fleet, listRunning(fleet), time);
  fleet.move = move;
  fleet.epoch = move.epoch;
  fleet.dirty = true;
  if (move.waiting.size === 0) return endMove(fleet, time);
  return [...move.waiting].map((slaveId) => ({ slaveId, order: createRelease(fleet, slaveId) }));
}

/** Takes in a member's answer to a release. */
export function noteReleased(
  fleet: FleetState,
  slave: OwnedSlave,
  member: Member,
  fact: Fact & { readonly type: "released" },
): void {
  const { move } = fleet;
  if (move === null || move.epoch !== fact.epoch || !move.waiting.delete(member.id)) return;
  const keep = move.keep.get(member.id);
  if (keep === undefined) return;
  fleet.dirty = true;
  const holding = fleet.partition.holdings.get(nameSource(member.id, member.incarnation));
  fleet.partition.scenarios.forEach(({ shared, progress }, at) => {
    const held = holding?.[at];
    const freed = listFreed(slave.share.scenarios[at], keep.scenarios[at]);
    returnToPool(fleet, at, freed);
    if (held === undefined || freed.length === 0) return;
    if (shared !== null && countVusOf(keep.scenarios[at]) === 0) {
      takeBackRanges(shared, held, fact.unstarted[at] ?? [], fact.serials[at] ?? 0);
    }
    if (progress === null) return;
    const next = new Map(fact.begun[at]);
    for (const vu of freed) {
      const from = progress.from[vu - 1] ?? 0;
      const on = next.get(vu) ?? from;
      held.assigned += on - from;
      progress.from[vu - 1] = on;
      progress.claimed[vu - 1] = on;
    }
  });
  slave.share = keep;
}

/** The order of the release that a member has not confirmed yet. */
export function createRelease({ move, epoch, core }: FleetState, slaveId: string): Order {
  const share = move?.keep.get(slaveId) ?? { scenarios: core.plan.scenarios.map(() => nothing) };
  return { type: "release", epoch: move?.epoch ?? epoch, share: stripShare(share) };
}

const nothing: ScenarioShare = { vus: [], arrivals: [], iterations: [] };

/** What is to be released now; null: nothing; "wait": somebody whose part it is has a grant on its way. */
function planMove(fleet: FleetState, time: Instant): Move | "wait" | null {
  const running = listRunning(fleet);
  const cuts = fleet.core.plan.scenarios.map((_, at) => findCut(fleet, running, at, time.now));
  const surplus = findSurplus(fleet, running);
  const keep = new Map<string, Share>();
  let settled = true;
  for (const { slave, member } of running) {
    const scenarios = slave.share.scenarios.map((part, at): ScenarioShare => {
      const context = createCutContext(fleet, at, time.now);
      const cut = cuts[at] ?? null;
      const windows = part.arrivals.filter(({ to }) => to === null);
      const arrivals = cut === null || windows.length === 0 ? part.arrivals : cutWindows(part.arrivals, cut);
      const given = surplus.get(member.id)?.[at] ?? [];
      let vus = part.vus;
      if (member.draining) {
        const busy =
          context === null ? fleet.partition.scenarios[at]?.shared?.over === true : !areWindowsOver(context, arrivals);
        if (!busy) vus = [];
      } else if (given.length > 0) {
        const less = new Set(given);
        vus = packIndices(listIndices(part.vus, 0, endless).filter((vu) => !less.has(vu)));
      }
      return countIndices(vus, endless) === countIndices(part.vus, endless) && arrivals === part.arrivals
        ? part
        : { ...part, vus, arrivals };
    });
    if (scenarios.every((part, at) => part === slave.share.scenarios[at])) continue;
    keep.set(member.id, { scenarios });
    if (member.confirmed < member.epoch) settled = false;
  }
  if (keep.size === 0 && cuts.every((cut) => cut === null)) return null;
  if (!settled) return "wait";
  if (surplus.size > 0) fleet.partition.rebalance = false;
  return { epoch: fleet.epoch + 1, waiting: new Set(keep.keys()), keep, cuts };
}

/** Where the arrivals of a scenario are to be cut; null: their stripes are as the VUs ask. */
function findCut(fleet: FleetState, running: readonly RunningMember[], at: number, now: number): number | null {
  const context = createCutContext(fleet, at, now);
  const state = context?.part.arrivals ?? null;
  if (context === null || state === null || state.open !== null) return null;
  // Whoever has not started yet cannot be asked to let go of its windows.
  const opening = fleet.core.slaves.some(
    (slave) =>
      slave.state !== "ended" &&
      countVusOf(slave.share.scenarios[at]) > 0 &&
      !running.some((each) => each.slave === slave),
  );
  if (opening) return null;
  const takers = pickTakers(fleet, listTakers(fleet, running, now), at);
  const mayDeal =
    (fleet.pool[at] ?? []).length > 0 &&
    takers.some(({ slave, member }) => fleet.roomOf(member.id) > countHeld(slave.share));
  if (!mayDeal && !differsFromDealt(state, countWanted(fleet, running, at))) return null;
  const cut = Math.max(planCut(context), state.leastCut);
  return isBeyondLoad(context, cut) ? null : cut;
}

/** Everybody has confirmed: from the cuts on nobody starts anything. */
function endMove(fleet: FleetState, time: Instant): readonly MemberOrder[] {
  fleet.move?.cuts.forEach((cut, at) => {
    const state = fleet.partition.scenarios[at]?.arrivals ?? null;
    if (cut === null || state === null) return;
    state.open = cut;
    state.dead = cutWindows(state.dead, cut);
    for (const gone of fleet.partition.gone) {
      const scenario = gone.scenarios[at];
      if (scenario !== undefined) scenario.below ??= cut;
    }
  });
  fleet.move = null;
  fleet.dirty = true;
  return grantPool(fleet, listRunning(fleet), time);
}

/** A cut that comes near while somebody is silent is put off, for those who have confirmed it too: nobody stands still. */
function putOffCuts(fleet: FleetState, move: Move, time: Instant): readonly MemberOrder[] {
  const later = move.cuts.map((cut, at): readonly [number, number] | null => {
    const context = createCutContext(fleet, at, time.now);
    const least = context?.part.arrivals?.leastCut ?? 0;
    if (context === null || cut === null || (cut >= least && !isCutNear(context, cut))) return null;
    return [cut, Math.max(cut, planCut(context), least)];
  });
  if (later.every((each) => each === null || each[0] === each[1])) return [];
  const epoch = move.epoch + 1;
  const keep = new Map([...move.keep].map(([id, share]) => [id, extendShare(share, later)] as const));
  fleet.move = { ...move, epoch, keep, cuts: move.cuts.map((cut, at) => later[at]?.[1] ?? cut) };
  fleet.epoch = epoch;
  fleet.dirty = true;
  return [...keep].flatMap(([slaveId, share]): MemberOrder[] => {
    if (move.waiting.has(slaveId)) return [{ slaveId, order: createRelease(fleet, slaveId) }];
    const member = fleet.members.get(slaveId);
    const slave = fleet.core.slaves.find(({ id }) => id === slaveId);
    if (member === undefined || slave === undefined) return [];
    slave.share = share;
    member.epoch = epoch;
    return [{ slaveId, order: createGrant(epoch, share) }];
  });
}

function listFreed(had: ScenarioShare | undefined, keeps: ScenarioShare | undefined): number[] {
  const kept = new Set(listIndices(keeps?.vus ?? [], 0, endless));
  return listIndices(had?.vus ?? [], 0, endless).filter((vu) => !kept.has(vu));
}
