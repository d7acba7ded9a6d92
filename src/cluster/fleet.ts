import { addSeries, applyFrame } from "../measure/snapshot.ts";
import type { Frame } from "../protocol/frame.ts";
import type { Fact, Order } from "../protocol/message.ts";
import { dealAllotments, listAllotments, noteWant } from "./allotments.ts";
import { noteClaim } from "./claims.ts";
import { createRelease, noteReleased, planEpoch } from "./epochs.ts";
import { createGrant, type MemberOrder } from "./held-shares.ts";
import { takeRecord } from "./fleet-record.ts";
import {
  createMember,
  createSource,
  type FleetEffect,
  type FleetEvent,
  type FleetState,
  type Member,
  nameSource,
} from "./fleet-state.ts";
import { loseShare } from "./lose-share.ts";
import { computeLost, createDropped, noteReported } from "./loss-account.ts";
import { noteScale } from "./scale-shares.ts";
import { advanceOwner, createPrepare, createStart, type OwnerEvent, shortGrace } from "./owner.ts";
import type { Instant } from "./owner-state.ts";
import { createHolding } from "./partition.ts";

/**
 * Moves an owner of a cluster and says what to do now. An order leaves only when the state it follows from is durable:
 * effects are held until `persisted`; renewals and acknowledgements are not, they follow from nothing that is written.
 */
export function advanceFleet(fleet: FleetState, event: FleetEvent, time: Instant): readonly FleetEffect[] {
  const handled = handle(fleet, event, time);
  for (const effect of handled) {
    if (effect.type === "order" && effect.order.type === "scale") noteScale(fleet, effect.order);
  }
  const effects = [...handled, ...plan(fleet, time), ...finish(fleet, time)];
  if (event.type === "tick" || event.type === "stored" || fleet.coreEnded) fleet.lost = computeLost(fleet, time.now);
  if (fleet.dirty) {
    fleet.dirty = false;
    fleet.version++;
    effects.push({ type: "persist", version: fleet.version, state: takeRecord(fleet) });
  }
  if (fleet.version === fleet.persisted) return effects;
  const free: FleetEffect[] = [];
  for (const effect of effects) {
    if (mustWait(effect)) fleet.held.push({ version: fleet.version, effect });
    else free.push(effect);
  }
  return free;
}

function mustWait(effect: FleetEffect): boolean {
  if (effect.type === "final") return true;
  if (effect.type !== "order") return false;
  const { type } = effect.order;
  return type !== "renew" && type !== "ack" && type !== "resend";
}

function handle(fleet: FleetState, event: FleetEvent, time: Instant): readonly FleetEffect[] {
  switch (event.type) {
    case "fact":
      return learn(fleet, event.slaveId, event.incarnation, event.fact, time);
    case "stored":
      return settleFrame(fleet, event);
    case "persisted": {
      fleet.persisted = Math.max(fleet.persisted, event.version);
      const ready = fleet.held.findIndex(({ version }) => version > fleet.persisted);
      return fleet.held.splice(0, ready === -1 ? fleet.held.length : ready).map(({ effect }) => effect);
    }
    case "offer":
      return join(fleet, event, time);
    case "drain":
    case "undrain": {
      const member = fleet.members.get(event.slaveId);
      if (member === undefined) return [];
      member.draining = event.type === "drain";
      fleet.partition.rebalance = true;
      fleet.dirty = true;
      return [];
    }
    case "begin":
      return [{ type: "wake", at: time.now + fleet.times.renewMs }, ...tellCore(fleet, event, time)];
    case "tick":
      return [
        { type: "wake", at: time.now + fleet.times.renewMs },
        ...findLost(fleet, time),
        ...tellCore(fleet, event, time),
      ];
    default:
      return tellCore(fleet, event, time);
  }
}

function learn(
  fleet: FleetState,
  slaveId: string,
  incarnation: number,
  fact: Fact,
  time: Instant,
): readonly FleetEffect[] {
  const source = fleet.sources.get(nameSource(slaveId, incarnation));
  if (source === undefined) return [];
  if (fact.type === "frame") return [{ type: "append", slaveId, incarnation, frame: fact.frame }];
  if (fact.type === "done") noteLast(fleet, source, fact.lastFrame);
  const member = fleet.members.get(slaveId);
  if (member?.incarnation !== incarnation) {
    if (fact.type !== "heartbeat") return [];
    if (fact.lastFrame !== null) noteLast(fleet, source, fact.lastFrame);
    return [stamp(fleet, slaveId, incarnation, { type: "expel" })];
  }
  const slave = fleet.core.slaves.find(({ id }) => id === slaveId);
  switch (fact.type) {
    case "heartbeat": {
      // A timer that has run out counts, whatever arrives before it is looked at.
      if (time.now >= member.deadline) return lose(fleet, member, time);
      member.deadline = time.now + fleet.times.timeoutMs;
      const renew: Order = { type: "renew", sequence: fact.sequence, ownerWallMs: time.wall };
      const effects = [stamp(fleet, slaveId, incarnation, renew)];
      if (fact.lastFrame !== null) {
        noteLast(fleet, source, fact.lastFrame);
        const done: Fact = { type: "done", lastFrame: fact.lastFrame };
        if (slave?.state === "running") effects.push(...tellCore(fleet, { type: "fact", slaveId, fact: done }, time));
      }
      for (const order of listDue(fleet, member)) effects.push(stamp(fleet, slaveId, incarnation, order));
      return effects;
    }
    case "released":
      if (slave !== undefined) noteReleased(fleet, slave, member, fact);
      return [];
    case "want":
      noteWant(fleet, member, fact);
      return [];
    case "claim":
      if (slave === undefined) return [];
      return noteClaim(fleet, slave, fact).map((order) => stamp(fleet, slaveId, incarnation, order));
    case "granted":
      if (fact.epoch > member.confirmed) {
        member.confirmed = fact.epoch;
        fleet.dirty = true;
      }
      return [];
    case "started":
      if (!member.started) fleet.dirty = true;
      member.started = true;
      return tellCore(fleet, { type: "fact", slaveId, fact }, time);
    default:
      return tellCore(fleet, { type: "fact", slaveId, fact }, time);
  }
}

/** The orders that a member has not confirmed yet: what was lost on the way, or with the last owner, is said again. */
function listDue(fleet: FleetState, member: Member): readonly Order[] {
  const { core } = fleet;
  const slave = core.slaves.find(({ id }) => id === member.id);
  if (slave === undefined) return [];
  const due: Order[] = [];
  if (slave.state === "preparing") due.push(createPrepare(core, slave));
  if (core.alone === member.id && core.phase === "setup") due.push({ type: "setup" });
  if (core.alone === member.id && core.phase === "teardown") due.push({ type: "teardown", shared: core.shared ?? {} });
  if (slave.state === "running" && !member.started) due.push(createStart(core));
  if (slave.state === "running" && core.phase === "stopping")
    due.push({ type: "stop", command: "", graceMs: shortGrace(core.plan) });
  if (core.phase === "closing" && slave.state !== "closed") due.push({ type: "close" });
  if (core.phase !== "running") return due;
  if (fleet.move?.waiting.has(member.id)) return [...due, createRelease(fleet, member.id)];
  if (member.confirmed < member.epoch) due.push(createGrant(member.epoch, slave.share));
  return [...due, ...listAllotments(fleet, member)];
}

function findLost(fleet: FleetState, time: Instant): readonly FleetEffect[] {
  const effects = [...fleet.members.values()]
    .filter(({ deadline }) => time.now >= deadline)
    .flatMap((member) => lose(fleet, member, time));
  if (fleet.emptySince === null || fleet.coreEnded || time.now < fleet.emptySince + fleet.times.timeoutMs)
    return effects;
  const cause = { reason: "slaves_lost", message: "no slave is left", code: null } as const;
  return [...effects, ...tellCore(fleet, { type: "fail", cause }, time)];
}

function lose(fleet: FleetState, member: Member, time: Instant): readonly FleetEffect[] {
  const { id, incarnation } = member;
  const { core } = fleet;
  const slave = core.slaves.find((each) => each.id === id);
  fleet.members.delete(id);
  fleet.dirty = true;
  const source = fleet.sources.get(nameSource(id, incarnation));
  if (source !== undefined) source.over = true;
  if (slave !== undefined) loseShare(fleet, slave, member, time);
  if (fleet.members.size === 0) fleet.emptySince = time.now;
  if (!fleet.coreEnded) {
    fleet.degraded = true;
    const message = `${id} was silent for ${fleet.times.timeoutMs} ms`;
    core.events.push({ time: new Date(time.wall).toISOString(), type: "slave_lost", message, slave_id: id });
  }
  return [stamp(fleet, id, incarnation, { type: "expel" }), ...tellCore(fleet, { type: "lost", slaveId: id }, time)];
}

function join(
  fleet: FleetState,
  event: FleetEvent & { readonly type: "offer" },
  time: Instant,
): readonly FleetEffect[] {
  const { slaveId, incarnation } = event;
  const { phase } = fleet.core;
  // A slave of this name still has its lease: it comes again later.
  if (fleet.members.has(slaveId) || fleet.sources.has(nameSource(slaveId, incarnation))) return [];
  if (phase !== "preparing" && phase !== "setup" && phase !== "running") return [];
  fleet.members.set(slaveId, createMember({ id: slaveId, incarnation }, time.now, fleet.times));
  fleet.sources.set(nameSource(slaveId, incarnation), createSource());
  fleet.partition.holdings.set(nameSource(slaveId, incarnation), createHolding(fleet.core.plan));
  fleet.partition.rebalance = true;
  fleet.emptySince = null;
  fleet.dirty = true;
  const message = `${slaveId} joined`;
  fleet.core.events.push({
    time: new Date(time.wall).toISOString(),
    type: "slave_joined",
    message,
    slave_id: slaveId,
  });
  return tellCore(fleet, { type: "join", slaveId }, time);
}

function settleFrame(fleet: FleetState, event: FleetEvent & { readonly type: "stored" }): readonly FleetEffect[] {
  const { slaveId, incarnation, frame, outcome, high } = event;
  const source = fleet.sources.get(nameSource(slaveId, incarnation));
  if (source === undefined) return [];
  if (outcome === "gap") return [stamp(fleet, slaveId, incarnation, { type: "resend", after: high })];
  if (outcome === "appended" && frame.number === source.high + 1) {
    source.high = frame.number;
    noteReported(fleet, nameSource(slaveId, incarnation), frame);
    if (source.finalHigh !== null && frame.number > source.finalHigh) addLate(fleet, frame);
    else applyFrame(fleet.core.snapshot, slaveId, frame);
  }
  return [stamp(fleet, slaveId, incarnation, { type: "ack", through: high })];
}

function addLate({ late }: FleetState, frame: Frame): void {
  late.frames++;
  for (const delta of frame.series) {
    if (delta.type !== "counter") continue;
    if (delta.key.metric === "http_reqs") late.http_reqs += delta.sum;
    if (delta.key.metric === "iterations") late.iterations += delta.sum;
  }
}

function noteLast(fleet: FleetState, source: { last: number | null }, last: number): void {
  if (source.last === last) return;
  source.last = last;
  fleet.dirty = true;
}

/** Feeds the phases; any change of theirs is written. */
function tellCore(fleet: FleetState, event: OwnerEvent, time: Instant): FleetEffect[] {
  const { core } = fleet;
  const before = describeCore(fleet);
  const effects: FleetEffect[] = [];
  for (const effect of advanceOwner(core, event, time)) {
    if (effect.type === "order") {
      const member = fleet.members.get(effect.slaveId);
      if (member !== undefined) effects.push(stamp(fleet, member.id, member.incarnation, effect.order));
    } else if (effect.type === "final") fleet.coreEnded = true;
    // A tick comes every R anyway.
  }
  if (describeCore(fleet) !== before) fleet.dirty = true;
  return effects;
}

function describeCore({ core, coreEnded }: FleetState): string {
  const states = core.slaves.map(({ id, state }) => `${id}=${state}`).join(",");
  return [core.phase, states, core.pausedAt, core.cause?.reason, core.events.length, coreEnded].join(";");
}

function plan(fleet: FleetState, time: Instant): FleetEffect[] {
  return [...planEpoch(fleet, time), ...dealAllotments(fleet, time.now)].flatMap((order: MemberOrder) => {
    const member = fleet.members.get(order.slaveId);
    return member === undefined ? [] : [stamp(fleet, member.id, member.incarnation, order.order)];
  });
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
  fleet.announced = true;
  addSeries(fleet.core.snapshot, createDropped(fleet, time.now));
  return [{ type: "final" }];
}

function stamp(fleet: FleetState, slaveId: string, incarnation: number, order: Order): FleetEffect {
  const { executionId } = fleet.core;
  return { type: "order", slaveId, incarnation, order, stamp: { executionId, incarnation, token: fleet.token } };
}
