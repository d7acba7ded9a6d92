import { endless, listIndices } from "../plan/index-runs.ts";
import { dealIndices, packIndices } from "../plan/move-indices.ts";
import type { ArrivalPattern, ScenarioShare, VuIteration } from "../protocol/plan.ts";
import { dealWindows, pruneWindows } from "./arrival-cut.ts";
import {
  countHeld,
  countWanted,
  createCutContext,
  createGrant,
  listBehind,
  listTakers,
  type MemberOrder,
  pickTakers,
  type RunningMember,
} from "./held-shares.ts";
import { type FleetState, nameSource } from "./fleet-state.ts";
import { type Instant, testTimeAt } from "./owner-state.ts";
import { findScenarioEnd } from "./scenario-time.ts";

/**
 * Deals what nobody holds to those who have room, each the furthest below its weight first, and the arrivals from their
 * cut on. VUs without room stay where they are and go to whoever comes next. New VUs of a scale wait until everybody has
 * taken it in: who hears of it first is not to have them all. What a loss has left waits for nobody.
 */
export function grantPool(fleet: FleetState, running: readonly RunningMember[], time: Instant): readonly MemberOrder[] {
  const all = listTakers(fleet, running, time.now);
  const behind = listBehind(fleet, time.now);
  const changed = new Set<RunningMember>();
  fleet.pool.forEach((pool, at) => {
    const arrivals = fleet.partition.scenarios[at]?.arrivals ?? null;
    if (pool.length === 0 || (arrivals !== null && arrivals.open === null)) return;
    const takers = pickTakers(fleet, all, at);
    const fresh = behind.some(({ id }) => fleet.mayHold(id, at)) ? listFresh(fleet, at, pool) : new Set<number>();
    const { dealt, left } = dealIndices(
      pool.filter((vu) => !fresh.has(vu)),
      takers.map(({ slave, member }) => {
        const holds = countHeld(slave.share);
        const room = fleet.roomOf(member.id);
        return { weight: Math.max(1, room), holds, room: room - holds };
      }),
    );
    takers.forEach((taker, place) => {
      const gained = dealt[place] ?? [];
      if (gained.length === 0) return;
      giveVus(fleet, taker, at, gained, time.now);
      changed.add(taker);
    });
    fleet.pool[at] = [...left, ...fresh].sort((a, b) => a - b);
  });
  openWindows(fleet, running, time.now).forEach((taker) => changed.add(taker));
  if (behind.length === 0) noteShortage(fleet, running, time);
  if (changed.size === 0) return [];
  fleet.epoch++;
  fleet.dirty = true;
  return [...changed].map(({ slave, member }) => {
    member.epoch = fleet.epoch;
    return { slaveId: member.id, order: createGrant(fleet.epoch, slave.share) };
  });
}

/** Those that nobody has held yet. */
function listFresh({ partition }: FleetState, at: number, vus: readonly number[]): ReadonlySet<number> {
  const worn = new Set(partition.scenarios[at]?.worn);
  return new Set(vus.filter((vu) => !worn.has(vu)));
}

/** Of a looping VU nobody knows how many iterations it began; in this time it cannot have begun more than one, ms. */
const shortestIterationMs = 0.01;

function giveVus(
  fleet: FleetState,
  { slave, member }: RunningMember,
  at: number,
  gained: readonly number[],
  now: number,
): void {
  const part = fleet.partition.scenarios[at];
  const progress = part?.progress ?? null;
  const load = fleet.core.plan.scenarios[at]?.scenario.load;
  if (part !== undefined && part.orphans.length > 0) {
    const taken = new Set(gained);
    part.orphans = part.orphans.filter((vu) => !taken.has(vu));
  }
  const begun: VuIteration[] = [];
  if (progress !== null && load?.mode === "per-vu-iterations") {
    for (const vu of gained) {
      const next = progress.claimed[vu - 1] ?? 0;
      progress.from[vu - 1] = next;
      progress.claimed[vu - 1] = Math.min(next + 1, load.iterations);
      if (next > 0) begun.push([vu, next]);
    }
  } else if (part?.arrivals === null && part.shared === null) {
    // No number of an iteration comes twice.
    const next = Math.ceil(testTimeAt(fleet.core, now) / shortestIterationMs);
    const worn = new Set(part.worn);
    for (const vu of gained) if (worn.has(vu)) begun.push([vu, next]);
  }
  slave.share = {
    scenarios: slave.share.scenarios.map((part, position): ScenarioShare => {
      if (position !== at) return part;
      const vus = packIndices([...listIndices(part.vus, 0, endless), ...gained].sort((a, b) => a - b));
      return begun.length === 0 ? { ...part, vus } : { ...part, vus, begun: mergeBegun(part.begun ?? [], begun) };
    }),
  };
  const held = fleet.partition.holdings.get(nameSource(member.id, member.incarnation))?.[at];
  if (held !== undefined) held.hungry = false;
}

/** A VU that came again goes on where it was left last. */
function mergeBegun(known: readonly VuIteration[], more: readonly VuIteration[]): readonly VuIteration[] {
  return [...new Map([...known, ...more])].sort((a, b) => a[0] - b[0]);
}

/** Gives the events from the cut on to those who have VUs; gives those whose share has changed. */
function openWindows(fleet: FleetState, running: readonly RunningMember[], now: number): readonly RunningMember[] {
  const changed: RunningMember[] = [];
  fleet.partition.scenarios.forEach(({ arrivals }, at) => {
    const context = createCutContext(fleet, at, now);
    if (arrivals === null || arrivals.open === null || context === null) return;
    const counts = countWanted(fleet, running, at);
    if (counts.size === 0) return;
    const windows = dealWindows(context, arrivals, counts);
    fleet.dirty = true;
    for (const [id, window] of windows) {
      const taker = running.find(({ member }) => member.id === id);
      if (taker === undefined) arrivals.dead = [...arrivals.dead, window];
      else changed.push(addWindow(fleet, taker, at, now, window));
    }
  });
  return changed;
}

function addWindow(
  fleet: FleetState,
  taker: RunningMember,
  at: number,
  now: number,
  window: ArrivalPattern,
): RunningMember {
  const { slave, member } = taker;
  const context = createCutContext(fleet, at, now);
  const known = slave.share.scenarios[at]?.arrivals ?? [];
  const { kept, pruned } = context === null ? { kept: known, pruned: 0 } : pruneWindows(context, known);
  const held = fleet.partition.holdings.get(nameSource(member.id, member.incarnation))?.[at];
  if (held !== undefined) held.assigned += pruned;
  slave.share = {
    scenarios: slave.share.scenarios.map((part, position) =>
      position === at ? { ...part, arrivals: [...kept, window] } : part,
    ),
  };
  return taker;
}

/** Said once, until everybody has found room again. */
function noteShortage(fleet: FleetState, running: readonly RunningMember[], time: Instant): void {
  const { core, partition, pool } = fleet;
  const testTimeMs = testTimeAt(core, time.now);
  // What is over asks for nobody.
  const lacks = core.plan.scenarios.map(
    (planned, at) => partition.scenarios[at]?.arrivals?.open !== null && testTimeMs < findScenarioEnd(core, planned),
  );
  const left = pool.reduce((sum, vus, at) => sum + (lacks[at] === true ? vus.length : 0), 0);
  if (left === 0) {
    if (pool.every((vus) => vus.length === 0)) partition.short = false;
    return;
  }
  if (partition.short || running.length === 0) return;
  partition.short = true;
  fleet.degraded = true;
  fleet.dirty = true;
  core.events.push({
    time: new Date(time.wall).toISOString(),
    type: "capacity_short",
    message: `${left} VUs found no slave with room at ${Math.round(testTimeMs)} ms`,
  });
}
