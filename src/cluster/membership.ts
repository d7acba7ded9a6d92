import { forgetVus } from "../measure/snapshot.ts";
import {
  createMember,
  createSource,
  type FleetEffect,
  type FleetEvent,
  type FleetState,
  hasReportedAll,
  type Member,
  nameSource,
} from "./fleet-state.ts";
import { countHeld } from "./held-shares.ts";
import { loseShare } from "./lose-share.ts";
import type { Fact } from "../protocol/message.ts";
import { type Instant, noteEvent } from "./owner-state.ts";
import { createHolding } from "./partition.ts";
import { stampOrder, tellCore } from "./tell-core.ts";
import { isWorkLeft } from "./work-left.ts";

/** Gives up those who were silent too long; ends an execution that nobody is left to run. */
export function findLost(fleet: FleetState, time: Instant): readonly FleetEffect[] {
  const { core, times } = fleet;
  const effects = [...fleet.members.values()].flatMap((member) => {
    if (time.now >= member.deadline)
      return loseMember(fleet, member, `${member.id} was silent for ${times.timeoutMs} ms`, time);
    const slave = core.slaves.find(({ id }) => id === member.id);
    if (slave?.state !== "preparing" || time.now < member.prepareBy) return [];
    return loseMember(fleet, member, `${member.id} did not prepare its share in time`, time);
  });
  if (isDead(fleet)) {
    const message = "every VU was lost with its slave, and nobody is to take them over";
    return [
      ...effects,
      ...tellCore(fleet, { type: "end", cause: { reason: "slaves_lost", message, code: null } }, time),
    ];
  }
  const deserted = isDeserted(fleet);
  if (deserted) fleet.emptySince ??= time.now;
  else if (fleet.members.size > 0) fleet.emptySince = null;
  if (fleet.emptySince === null || fleet.coreEnded) return effects;
  const waits = !deserted || isWorkLeft(fleet, time.now);
  if (waits && time.now < fleet.emptySince + times.timeoutMs) return effects;
  const cause = { reason: "slaves_lost", message: "no slave is left", code: null } as const;
  return [...effects, ...tellCore(fleet, { type: deserted ? "end" : "fail", cause }, time)];
}

/** Are there members, and have they all ended though something is left for others? */
function isDeserted({ core }: FleetState): boolean {
  return core.phase === "running" && core.slaves.length > 0 && core.slaves.every(({ state }) => state === "ended");
}

/** Are there members, and is nothing left that one of them could be given? Newcomers get no dead VUs. */
function isDead({ core, members, partition, pool, move }: FleetState): boolean {
  return (
    core.phase === "running" &&
    members.size > 0 &&
    move === null &&
    partition.scenarios.some(({ dead }) => dead.length > 0) &&
    pool.every((vus) => vus.length === 0) &&
    core.slaves.every(({ state, share }) => state !== "ended" && state !== "closed" && countHeld(share) === 0)
  );
}

/** Takes a member out of the execution; what it held moves, or not, as the workflow wants it. */
export function loseMember(fleet: FleetState, member: Member, message: string, time: Instant): readonly FleetEffect[] {
  const { id, incarnation } = member;
  const { core } = fleet;
  const slave = core.slaves.find((each) => each.id === id);
  const source = fleet.sources.get(nameSource(id, incarnation));
  // One that had done its part and reported all of it is missed by nobody.
  const reported = hasReportedAll(source);
  const ended = slave?.state === "ended" || slave?.state === "closed";
  // Nor one that an end found before its load: it had nothing to do any more. That it has begun an owner may not have heard.
  const untouched = slave?.start === null && core.alone !== id && isEnding(core);
  const complete = (ended && reported) || untouched;
  const running = core.phase === "running";
  fleet.members.delete(id);
  fleet.dirty = true;
  if (source !== undefined) source.over = true;
  forgetVus(core.snapshot, id);
  if (slave !== undefined) loseShare(fleet, slave, member, time);
  if (fleet.members.size === 0) fleet.emptySince ??= time.now;
  if (!fleet.final && !complete) {
    fleet.degraded = true;
    noteEvent(core, "slave_lost", message, time, id);
  }
  const effects = [
    stampOrder(fleet, id, incarnation, { type: "expel" }),
    ...tellCore(fleet, { type: "lost", slaveId: id }, time),
    ...settleReturn(fleet, id, null, time),
  ];
  if (core.phase === "preparing" && fleet.members.size === 0) {
    const cause = {
      reason: "start_failed",
      message: `no slave is left to start on: ${message}`,
      code: "start_failed",
    } as const;
    return [...effects, ...tellCore(fleet, { type: "fail", cause }, time)];
  }
  if (!running || complete || core.plan.workflow.onSlaveLoss !== "abort") return effects;
  const cause = { reason: "slaves_lost", message, code: null } as const;
  return [...effects, ...tellCore(fleet, { type: "end", cause }, time)];
}

/**
 * Ends an execution whose slaves have had orders that its record knows nothing of: what it would order now could give a
 * VU to two of them. Nobody is told more than to end; what they measured is counted.
 */
export function endBehind(fleet: FleetState, time: Instant): readonly FleetEffect[] {
  const { core } = fleet;
  const message = "the master's store is older than what its slaves were told: who holds what is not known any more";
  fleet.degraded = true;
  noteEvent(core, "stopped", message, time);
  const cause = { reason: "slaves_lost", message, code: null } as const;
  const effects: FleetEffect[] = [...tellCore(fleet, { type: "fail", cause }, time)];
  for (const member of fleet.members.values())
    effects.push(...loseMember(fleet, member, `${member.id} is given up: the store is older than its orders`, time));
  return effects;
}

function isEnding({ phase }: FleetState["core"]): boolean {
  return phase !== "preparing" && phase !== "setup" && phase !== "running";
}

/** Takes a slave that is offered, if there is or may be something for it to do. */
export function takeOffer(
  fleet: FleetState,
  { slaveId, incarnation }: FleetEvent & { readonly type: "offer" },
  time: Instant,
): readonly FleetEffect[] {
  const name = nameSource(slaveId, incarnation);
  if (fleet.sources.has(name) || fleet.unfit.has(slaveId) || !wantsSlaves(fleet)) return [];
  // A slave of this name that still has its lease comes again later, unless it has left nothing behind.
  const before = fleet.members.get(slaveId);
  if (before !== undefined && !hasLeft(fleet, before, time.now)) return [];
  const effects = before === undefined ? [] : loseMember(fleet, before, "", time);
  fleet.members.set(slaveId, createMember({ id: slaveId, incarnation }, time.now, fleet.times, fleet.core.plan));
  fleet.sources.set(name, createSource());
  fleet.partition.holdings.set(name, createHolding(fleet.core.plan));
  fleet.partition.rebalance = true;
  fleet.emptySince = null;
  fleet.dirty = true;
  noteEvent(fleet.core, "slave_joined", `${slaveId} joined`, time, slaveId);
  return [...effects, ...tellCore(fleet, { type: "join", slaveId }, time)];
}

/** Has it ended with all that it measured reported and all that it held given back, while something is left to do? */
function hasLeft(fleet: FleetState, { id, incarnation }: Member, now: number): boolean {
  const slave = fleet.core.slaves.find((each) => each.id === id);
  const source = fleet.sources.get(nameSource(id, incarnation));
  if (slave?.state !== "ended" || countHeld(slave.share) > 0 || !isWorkLeft(fleet, now)) return false;
  return source !== undefined && source.last !== null && source.high >= source.last;
}

/** Is there something that nobody holds, or would a newcomer get a part of everything? */
export function wantsSlaves({ core, pool }: FleetState): boolean {
  if (core.phase !== "preparing" && core.phase !== "setup" && core.phase !== "running") return false;
  return core.plan.workflow.onSlaveJoin === "rebalance" || pool.some((vus) => vus.length > 0);
}

/** Says once of each draining member that it holds nothing any more. */
export function noteDrained(fleet: FleetState, time: Instant): void {
  const { core } = fleet;
  for (const member of fleet.members.values()) {
    const slave = core.slaves.find(({ id }) => id === member.id);
    if (!member.draining || member.drained || slave === undefined) continue;
    if (slave.state !== "ended" && slave.state !== "closed" && countHeld(slave.share) > 0) continue;
    member.drained = true;
    fleet.dirty = true;
    noteEvent(core, "slave_drained", `${member.id} holds nothing any more`, time, member.id);
  }
}

/**
 * What a member says of its lease. Its load stood still for a while: that is told, and no more. But after a takeover
 * with nobody left who ran on, the owner was away for longer than the leases, and the execution ends with what it has.
 * `renew`: may the member go on? Not where the load has ended, or it is not known yet whether it has.
 */
export function noteLease(
  fleet: FleetState,
  member: Member,
  { suspended, lastFrame }: Fact & { readonly type: "heartbeat" },
  time: Instant,
): { readonly effects: readonly FleetEffect[]; readonly renew: boolean } {
  const { core } = fleet;
  const state = core.slaves.find(({ id }) => id === member.id)?.state;
  const running = member.started && state === "running" && lastFrame === null;
  const stands = running && suspended;
  const stood = stands || (suspended && !fleet.final && lastFrame !== null);
  if (stood && !member.suspended) {
    fleet.degraded = true;
    fleet.dirty = true;
    noteEvent(core, "suspended", `${member.id} stood still: its lease had run out`, time, member.id);
  }
  member.suspended = stood;
  const said = stood ? "stood" : running ? "ran on" : lastFrame === null ? null : "finished";
  const effects = settleReturn(fleet, member.id, said, time, lastFrame !== null);
  const over = core.phase === "stopping" && core.cause?.reason === "slaves_lost";
  return { effects, renew: !stands || !(over || fleet.returning !== null) };
}

/**
 * What a member says of the owner's absence: that its load stood still, if only to its end, that it ran on, or had an end
 * before that; null: it was lost, or says nothing.
 */
function settleReturn(
  fleet: FleetState,
  slaveId: string,
  said: "stood" | "ran on" | "finished" | null,
  time: Instant,
  ended = false,
): readonly FleetEffect[] {
  const { returning, core } = fleet;
  if (returning === null || !returning.waiting.delete(slaveId)) return [];
  if (said === "ran on") {
    fleet.returning = null;
    return [];
  }
  if (said === "stood") returning.stoodStill = true;
  if (said === "finished") returning.finished = true;
  if (returning.waiting.size > 0) return [];
  fleet.returning = null;
  const goesOn = core.slaves.some(({ id, state }) => state === "running" && !(ended && id === slaveId));
  // Somebody ran to the end of the load, and that is over.
  if (!returning.stoodStill || (returning.finished && !goesOn)) return [];
  const message = "the master was away for longer than the slaves' leases";
  return tellCore(fleet, { type: "end", cause: { reason: "slaves_lost", message, code: null } }, time);
}
