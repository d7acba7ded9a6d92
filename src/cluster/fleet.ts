import type { Order } from "../protocol/message.ts";
import { addSeries, noteSource } from "../measure/snapshot.ts";
import { endless, listIndices } from "../plan/index-runs.ts";
import type { Share } from "../protocol/plan.ts";
import { noteAbsence } from "./absence.ts";
import { dealAllotments } from "./allotments.ts";
import { endIdle } from "./end-idle.ts";
import { planEpoch } from "./epochs.ts";
import type { FleetEffect, FleetEvent, FleetState } from "./fleet-state.ts";
import { countHeld } from "./held-shares.ts";
import { learnFact } from "./learn-fact.ts";
import { computeLost, createDropped, createLost } from "./loss-account.ts";
import { findLost, noteDrained, takeOffer, wantsSlaves } from "./membership.ts";
import { type Instant, noteEvent } from "./owner-state.ts";
import { isArrival } from "./partition.ts";
import { noteScale } from "./scale-shares.ts";
import { settleFrame } from "./settle-frame.ts";
import { refuse, type SteeringEvent } from "./steering.ts";
import { stampOrder, tellCore } from "./tell-core.ts";

/** A tick comes at least so often. */
const TICK_MS = 1_000;
/** Of many slaves come thousands of events a second that leave the partition as it is: it is looked at so often at least. */
const PLAN_MS = 50;

/**
 * Moves an owner of a cluster and says what to do now. An order leaves only when the state it follows from is durable:
 * effects are held until `persisted`; renewals and acknowledgements are not, they follow from nothing that is written.
 */
export function advanceFleet(fleet: FleetState, event: FleetEvent, time: Instant): readonly FleetEffect[] {
  noteAbsence(fleet, time);
  const handled = handle(fleet, event, time);
  for (const order of fleet.core.steering) if (order.type === "scale") noteScale(fleet, order);
  const planned = mustPlan(fleet, event, time) ? plan(fleet, time) : [];
  const effects = [...handled, ...planned, ...finish(fleet, time)];
  if (event.type === "tick" || event.type === "stored" || fleet.coreEnded) fleet.lost = computeLost(fleet, time.now);
  if (fleet.dirty) {
    fleet.dirty = false;
    fleet.version++;
    effects.push({ type: "persist" });
  }
  const free: FleetEffect[] = [];
  for (const effect of effects) {
    if (!mustWait(effect)) free.push(effect);
    else if (mayKnow(fleet, effect)) {
      const following = followFrom(fleet, effect);
      if (fleet.version === fleet.persisted) free.push(following);
      else fleet.held.push({ version: fleet.version, effect: following });
    }
  }
  return free;
}

/** Orders that may follow from an older record than the one a slave knows. */
const harmless: ReadonlySet<Order["type"]> = new Set(["prepare", "stop", "expel", "close"]);

/**
 * A member that this owner has not heard yet may know of a later record than the owner's. It is only told to prepare or
 * to end; its next heartbeat brings the rest.
 */
function mayKnow({ members }: FleetState, effect: FleetEffect): boolean {
  return effect.type !== "order" || harmless.has(effect.order.type) || !isUnmet(members, effect);
}

/** An order that leaves when the present record is durable. To one that is not met yet it says nothing of that. */
function followFrom({ members, version: record }: FleetState, effect: FleetEffect): FleetEffect {
  if (effect.type !== "order" || isUnmet(members, effect)) return effect;
  return { ...effect, stamp: { ...effect.stamp, record } };
}

function isUnmet(members: FleetState["members"], order: FleetEffect & { readonly type: "order" }): boolean {
  const member = members.get(order.slaveId);
  return member?.incarnation === order.incarnation && !member.met;
}

/** What neither changed anything that is written nor told more than what was measured, or of a lease, needs no answer at once. */
function mustPlan(fleet: FleetState, event: FleetEvent, { now }: Instant): boolean {
  const routine =
    event.type === "stored" ||
    event.type === "persisted" ||
    (event.type === "fact" && (event.fact.type === "frame" || event.fact.type === "heartbeat"));
  return fleet.dirty || !routine || now >= fleet.plannedAt + PLAN_MS;
}

function mustWait(effect: FleetEffect): boolean {
  if (effect.type === "final" || effect.type === "answered") return true;
  if (effect.type !== "order") return false;
  const { type } = effect.order;
  return type !== "renew" && type !== "ack" && type !== "resend";
}

function handle(fleet: FleetState, event: FleetEvent, time: Instant): readonly FleetEffect[] {
  switch (event.type) {
    case "fact":
      return learnFact(fleet, event.slaveId, event.incarnation, event.fact, time);
    case "stored":
      return settleFrame(fleet, event, time);
    case "persisted": {
      fleet.persisted = Math.max(fleet.persisted, event.version);
      const ready = fleet.held.findIndex(({ version }) => version > fleet.persisted);
      return fleet.held.splice(0, ready === -1 ? fleet.held.length : ready).map(({ effect }) => effect);
    }
    case "offer":
      return takeOffer(fleet, event, time);
    case "drain":
    case "undrain": {
      const member = fleet.members.get(event.slaveId);
      if (member === undefined) return [];
      if (member.draining === (event.type === "drain")) return [];
      member.draining = event.type === "drain";
      member.drained = false;
      fleet.partition.rebalance = true;
      fleet.dirty = true;
      return [];
    }
    case "begin":
      return [...wake(fleet, time), ...tellCore(fleet, event, time)];
    case "tick":
      return [...wake(fleet, time), ...findLost(fleet, time), ...tellCore(fleet, event, time)];
    case "scale": {
      const shortage = findShortage(fleet, event);
      return shortage === null ? tellCore(fleet, event, time) : [refuse(event.command, "conflict", shortage)];
    }
    default:
      return tellCore(fleet, event, time);
  }
}

/** One chain of ticks, whoever else sends some: the next is due soon, or when the first silent member is given up. */
function wake(fleet: FleetState, time: Instant): readonly FleetEffect[] {
  // A tick that was asked for may come a hair early: clocks are not exact.
  if (fleet.wakeAt !== null && time.now < fleet.wakeAt - 1) return [];
  const deadlines = [...fleet.members.values()].map(({ deadline }) => deadline).filter((at) => at > time.now);
  fleet.wakeAt = Math.min(time.now + Math.min(TICK_MS, fleet.times.renewMs), ...deadlines);
  return [{ type: "wake", at: fleet.wakeAt }];
}

/** Why there is no room for the VUs that a scale asks for; null: there is, or none are needed. */
function findShortage(
  fleet: FleetState,
  { scenario, target }: SteeringEvent & { readonly type: "scale" },
): string | null {
  const { core, partition, members } = fleet;
  const at = core.plan.scenarios.findIndex((planned) => planned.scenario.name === scenario);
  const load = core.plan.scenarios[at]?.scenario.load;
  const known = partition.scenarios[at]?.known ?? 0;
  if (load === undefined || isArrival(load) || !(target > known)) return null;
  const elsewhere = core.slaves
    .filter(({ id }) => !fleet.mayHold(id, at))
    .reduce((sum, { share }) => sum + countHeld(share), 0);
  const vus = partition.scenarios.reduce((sum, part) => sum + part.known, target - known) - elsewhere;
  const free = [...members.values()]
    .filter(({ id, draining }) => !draining && fleet.mayHold(id, at))
    .reduce((sum, { id }) => sum + fleet.roomOf(id), 0);
  return vus <= free ? null : `not enough capacity: need ${vus} VUs, have ${free}`;
}

/** What the partition lacks, and what came of it: VUs that found a new holder are told as moved, new ones are not. */
function plan(fleet: FleetState, time: Instant): FleetEffect[] {
  fleet.plannedAt = time.now;
  const had = new Map(fleet.core.slaves.map(({ id, share }) => [id, share]));
  const orders = [...planEpoch(fleet, time), ...dealAllotments(fleet, time.now), ...endIdle(fleet, time.now)];
  if (orders.length > 0) {
    for (const { id, share } of fleet.core.slaves) {
      const gained = countMoved(fleet, had.get(id), share);
      if (gained > 0) noteEvent(fleet.core, "moved", `${id} took over ${gained} VUs`, time, id);
    }
  }
  noteDrained(fleet, time);
  fleet.wanting = wantsSlaves(fleet);
  return orders.flatMap(({ slaveId, order }) => {
    const member = fleet.members.get(slaveId);
    return member === undefined ? [] : [stampOrder(fleet, member.id, member.incarnation, order)];
  });
}

/** The VUs that a share has more than the one before it, and that somebody has held already. */
function countMoved({ partition }: FleetState, before: Share | undefined, share: Share): number {
  if (share === before) return 0;
  return partition.scenarios.reduce((sum, { worn }, at) => {
    const had = new Set(listIndices(before?.scenarios[at]?.vus ?? [], 0, endless));
    const known = new Set(worn);
    const now = listIndices(share.scenarios[at]?.vus ?? [], 0, endless);
    return sum + now.filter((vu) => known.has(vu) && !had.has(vu)).length;
  }, 0);
}

/** Final: the phases have ended, and of every source the last frame is in or the lease is over. */
function finish(fleet: FleetState, time: Instant): FleetEffect[] {
  if (!fleet.coreEnded || fleet.announced) return [];
  if (!fleet.final) {
    for (const source of fleet.sources.values()) {
      if (!source.over && (source.last === null || source.high < source.last)) return [];
    }
    for (const source of fleet.sources.values()) source.finalHigh = source.high;
    fleet.final = true;
    fleet.dirty = true;
  }
  // A new owner is fed the frames first.
  for (const { high, finalHigh } of fleet.sources.values()) if (finalHigh !== null && high < finalHigh) return [];
  fleet.announced = true;
  fleet.lost = computeLost(fleet, time.now);
  for (const { slaveId } of fleet.partition.gone) noteSource(fleet.core.snapshot, slaveId);
  if (!fleet.accounted) addSeries(fleet.core.snapshot, [...createDropped(fleet, time.now), ...createLost(fleet)]);
  fleet.accounted = true;
  return [{ type: "final" }];
}
