import type { Fact, Order } from "../protocol/message.ts";
import { noteWant } from "./allotments.ts";
import { noteClaim } from "./claims.ts";
import { listDue } from "./due-orders.ts";
import { noteReleased } from "./epochs.ts";
import { type FleetEffect, type FleetState, type Member, nameSource, type SourceState } from "./fleet-state.ts";
import { noteFewerVus } from "./limit-vus.ts";
import { endBehind, loseMember, noteLease } from "./membership.ts";
import type { Instant, OwnedSlave } from "./owner-state.ts";
import { noteLateRate } from "./scale-shares.ts";
import { isBehind, isBehindStranger } from "./seen-record.ts";
import { noteReturn, noteRows } from "./unique-rows.ts";
import { stampOrder, tellCore } from "./tell-core.ts";

/** Takes in what a source says, whoever it is: of one that is no member any more only its frames and its end count. */
export function learnFact(
  fleet: FleetState,
  slaveId: string,
  incarnation: number,
  fact: Fact,
  time: Instant,
): readonly FleetEffect[] {
  const heard =
    fact.type !== "heartbeat" || fleet.coreEnded ? [] : lookForLater(fleet, slaveId, incarnation, fact, time);
  return [...heard, ...hear(fleet, slaveId, incarnation, fact, time)];
}

/** Ends the execution where a heartbeat tells that its record is too old. */
function lookForLater(
  fleet: FleetState,
  slaveId: string,
  incarnation: number,
  { seen }: Fact & { readonly type: "heartbeat" },
  time: Instant,
): readonly FleetEffect[] {
  const isKnown = fleet.sources.has(nameSource(slaveId, incarnation));
  return (isKnown ? isBehind : isBehindStranger)(fleet, seen) ? endBehind(fleet, time) : [];
}

function hear(
  fleet: FleetState,
  slaveId: string,
  incarnation: number,
  fact: Fact,
  time: Instant,
): readonly FleetEffect[] {
  const source = fleet.sources.get(nameSource(slaveId, incarnation));
  if (source === undefined) return [];
  if (fact.type === "frame") {
    const of = fleet.members.get(slaveId);
    if (of?.incarnation === incarnation) of.offered = Math.max(of.offered, fact.frame.number);
    return [{ type: "append", slaveId, incarnation, frame: fact.frame }];
  }
  const member = fleet.members.get(slaveId);
  const slave = fleet.core.slaves.find(({ id }) => id === slaveId);
  if (fact.type === "closed" && fact.lastFrame === null) {
    // Only one that never said it was prepared can have measured nothing: of any other its own process may still report.
    if (member?.incarnation !== incarnation || slave?.state !== "preparing") return [];
    noteLast(fleet, source, 0);
  } else if (fact.type === "done" || fact.type === "closed") noteLast(fleet, source, fact.lastFrame ?? 0);
  if (member?.incarnation !== incarnation) {
    if (fact.type !== "heartbeat") return [];
    if (fact.lastFrame !== null) noteLast(fleet, source, fact.lastFrame);
    const expel = stampOrder(fleet, slaveId, incarnation, { type: "expel" });
    return [expel, ...answerLast(fleet, slaveId, incarnation, fact.lastFrame)];
  }
  return slave === undefined ? [] : learnOfMember(fleet, { source, member, slave }, fact, time);
}

interface Teller {
  readonly source: SourceState;
  readonly member: Member;
  readonly slave: OwnedSlave;
}

function learnOfMember(fleet: FleetState, teller: Teller, fact: Fact, time: Instant): readonly FleetEffect[] {
  const { member, slave } = teller;
  const { id: slaveId, incarnation } = member;
  switch (fact.type) {
    case "heartbeat":
      return answerHeartbeat(fleet, teller, fact, time);
    case "released":
      noteReleased(fleet, slave, member, fact);
      noteFewerVus(fleet, slave, member, time.now);
      return [];
    case "idle":
      // Not in the record: it is said again.
      member.idle = { epoch: fact.epoch, serial: fact.serial };
      return [];
    case "want":
      noteWant(fleet, member, fact);
      return [];
    case "prepared":
      noteRows(fleet, fact.rows);
      return tellCore(fleet, { type: "fact", slaveId, fact }, time);
    case "return":
      return noteReturn(fleet, member, fact).map((order) => stampOrder(fleet, slaveId, incarnation, order));
    case "claim":
      return noteClaim(fleet, slave, fact).map((order) => stampOrder(fleet, slaveId, incarnation, order));
    case "granted":
      if (fact.epoch <= member.confirmed) return [];
      member.confirmed = fact.epoch;
      fleet.dirty = true;
      return [];
    case "started":
      if (!member.started) noteStartInstant(fleet, slave, fact.atWallMs);
      member.started = true;
      return tellCore(fleet, { type: "fact", slaveId, fact }, time);
    case "applied":
      noteLateRate(fleet, slave, fact, time.now);
      return tellCore(fleet, { type: "fact", slaveId, fact }, time);
    case "prepare_failed":
      if (fleet.core.phase === "preparing") return tellCore(fleet, { type: "fact", slaveId, fact }, time);
      // One that came late and cannot take part is no reason to end the others' load.
      fleet.unfit.add(slaveId);
      return loseMember(fleet, member, `${slaveId} cannot take part: ${fact.message}`, time);
    default:
      return tellCore(fleet, { type: "fact", slaveId, fact }, time);
  }
}

function answerHeartbeat(
  fleet: FleetState,
  { source, member, slave }: Teller,
  fact: Fact & { readonly type: "heartbeat" },
  time: Instant,
): readonly FleetEffect[] {
  // A timer that has run out counts, whatever arrives before it is looked at.
  if (time.now >= member.deadline) {
    return loseMember(fleet, member, `${member.id} was silent for ${fleet.times.timeoutMs} ms`, time);
  }
  // A copy that comes late is no sign of life.
  if (fact.sequence <= member.heard) return [];
  member.heard = fact.sequence;
  member.met = true;
  member.deadline = time.now + fleet.times.timeoutMs;
  const { id: slaveId, incarnation } = member;
  // Before its end is known: that may be the end of all.
  const lease = noteLease(fleet, member, fact, time);
  const effects: FleetEffect[] = [...lease.effects];
  if (fact.lastFrame !== null) {
    noteLast(fleet, source, fact.lastFrame);
    const done: Fact = { type: "done", lastFrame: fact.lastFrame, testTimeMs: fact.testTimeMs };
    if (slave.state === "running") effects.push(...tellCore(fleet, { type: "fact", slaveId, fact: done }, time));
  }
  effects.push(...answerLast(fleet, slaveId, incarnation, fact.lastFrame));
  const renew: Order = { type: "renew", sequence: fact.sequence, ownerWallMs: time.wall };
  if (lease.renew) effects.unshift(stampOrder(fleet, slaveId, incarnation, renew));
  for (const order of listDue(fleet, member, time.now)) effects.push(stampOrder(fleet, slaveId, incarnation, order));
  return effects;
}

/**
 * What an ended source sent to an owner that died, or was not ready yet, no later frame would show to be missing; nor
 * would it hear again that all has come.
 */
function answerLast(
  fleet: FleetState,
  slaveId: string,
  incarnation: number,
  lastFrame: number | null,
): readonly FleetEffect[] {
  const high = fleet.sources.get(nameSource(slaveId, incarnation))?.high ?? 0;
  if (lastFrame === null) return [];
  const order: Order = high >= lastFrame ? { type: "ack", through: high } : { type: "resend", after: high };
  return [stampOrder(fleet, slaveId, incarnation, order)];
}

/** Those that were told before the start instant began together; how far apart they really were is the skew. */
function noteStartInstant(fleet: FleetState, slave: OwnedSlave, atWallMs: number | null): void {
  fleet.dirty = true;
  if (atWallMs === null || slave.start === null || slave.start.inMs === 0) return;
  const [first, last] = fleet.startSpread ?? [atWallMs, atWallMs];
  fleet.startSpread = [Math.min(first, atWallMs), Math.max(last, atWallMs)];
  fleet.startSkewMs = fleet.startSpread[1] - fleet.startSpread[0];
}

function noteLast(fleet: FleetState, source: SourceState, last: number): void {
  // A heartbeat that was on its way names an earlier one.
  if (source.last !== null && source.last >= last) return;
  source.last = last;
  fleet.dirty = true;
}
