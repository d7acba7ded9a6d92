import { countRanges, joinRanges, takeFirst } from "../plan/move-ranges.ts";
import type { Fact, Order } from "../protocol/message.ts";
import { countVusOf } from "./arrival-cut.ts";
import { type FleetState, type Member, nameSource } from "./fleet-state.ts";
import type { OwnedSlave } from "./owner-state.ts";
import type { HeldScenario, SharedState } from "./partition.ts";

/** A block that was asked for again within this time was too small. */
const QUICK_MS = 500;

interface Place {
  readonly at: number;
  readonly scenario: string;
  readonly shared: SharedState;
  readonly held: HeldScenario;
}

/** A member's wish for more shared iterations. A repetition of one that was met is not: the answer was lost, or overtaken. */
export function noteWant(fleet: FleetState, member: Member, fact: Fact & { readonly type: "want" }): void {
  const place = listPlaces(fleet, member).find(({ scenario }) => scenario === fact.scenario);
  if (place === undefined || fact.serial > place.held.serial) return;
  const { held } = place;
  held.outstanding = held.outstanding.filter(({ serial }) => serial > fact.serial);
  held.hungry = held.outstanding.length === 0;
}

/**
 * Deals blocks to those who have asked. A block is at most what its
 * taker does in a second, and at least one for each of its VUs. Once nobody has anything left that could come back, all
 * are told that there will be no more.
 */
export function dealAllotments(
  fleet: FleetState,
  now: number,
): readonly { readonly slaveId: string; readonly order: Order }[] {
  const orders: { readonly slaveId: string; readonly order: Order }[] = [];
  const { core, partition } = fleet;
  if (core.phase !== "running") return orders;
  partition.scenarios.forEach(({ shared }, at) => {
    if (shared === null) return;
    const takers = listTakers(fleet, at);
    for (const taker of takers) {
      if (!taker.held.hungry || taker.member.draining || shared.over || fleet.move?.waiting.has(taker.member.id))
        continue;
      const wanted = sizeBlock(fleet, taker, takers.length, at, now);
      const { taken, left } = takeFirst(shared.ranges, wanted);
      if (taken.length === 0) continue;
      shared.ranges = left;
      const { held, member } = taker;
      held.serial++;
      held.outstanding = [...held.outstanding, { serial: held.serial, ranges: taken }];
      held.block = countRanges(taken);
      held.assigned += held.block;
      held.allottedAt = now;
      held.hungry = false;
      fleet.dirty = true;
      orders.push(...listAllotments(fleet, member).map((order) => ({ slaveId: member.id, order })));
    }
    if (!shared.over && mayEnd(fleet, shared, at)) {
      shared.over = true;
      fleet.dirty = true;
    }
    if (!shared.over) return;
    for (const { member, held } of listMembers(fleet, at)) {
      if (held.told || !member.started) continue;
      held.told = true;
      held.serial++;
      held.outstanding = [...held.outstanding, { serial: held.serial, ranges: [] }];
      fleet.dirty = true;
      orders.push(...listAllotments(fleet, member).map((order) => ({ slaveId: member.id, order })));
    }
  });
  return orders;
}

/** All allotments that a member may not have applied, oldest first. */
export function listAllotments(fleet: FleetState, member: Member): readonly Order[] {
  return listPlaces(fleet, member).flatMap(({ scenario, held }) =>
    held.outstanding.map(({ serial, ranges }): Order => {
      const last = held.told && serial === held.serial;
      return { type: "allot", epoch: fleet.epoch, scenario, serial, ranges, last };
    }),
  );
}

/** Takes back what a member has not begun; `applied`: its latest allotment at that moment. */
export function takeBackRanges(
  shared: SharedState,
  held: HeldScenario,
  unstarted: readonly (readonly [number, number])[],
  applied: number,
): void {
  const missed = held.outstanding.filter(({ serial }) => serial > applied).flatMap(({ ranges }) => ranges);
  held.assigned -= countRanges(unstarted) + countRanges(missed);
  held.serial = applied;
  held.outstanding = [];
  held.hungry = false;
  held.told = false;
  shared.ranges = joinRanges(shared.ranges, unstarted, missed);
}

interface Taker {
  readonly member: Member;
  readonly slave: OwnedSlave;
  readonly held: HeldScenario;
}

/** Nothing is left to deal, and everybody who holds any of it has as good as done it. */
function mayEnd(fleet: FleetState, shared: SharedState, at: number): boolean {
  if (shared.ranges.length > 0 || fleet.move !== null) return false;
  return listMembers(fleet, at).every(({ slave, held }) => held.hungry || countVusOf(slave.share.scenarios[at]) === 0);
}

function sizeBlock(fleet: FleetState, { member, slave, held }: Taker, takers: number, at: number, now: number): number {
  const vus = countVusOf(slave.share.scenarios[at]);
  const perSecond = fleet.reports.get(nameSource(member.id, member.incarnation))?.perSecond[at] ?? 0;
  const grown = now - held.allottedAt < QUICK_MS ? held.block * 2 : 0;
  const left = countRanges(fleet.partition.scenarios[at]?.shared?.ranges ?? []);
  return Math.max(vus, Math.min(Math.max(Math.ceil(perSecond), grown), Math.ceil(left / (2 * takers))));
}

function listTakers(fleet: FleetState, at: number): Taker[] {
  return listMembers(fleet, at).filter(({ slave }) => countVusOf(slave.share.scenarios[at]) > 0);
}

function listMembers(fleet: FleetState, at: number): Taker[] {
  return fleet.core.slaves.flatMap((slave) => {
    const member = fleet.members.get(slave.id);
    if (member === undefined || slave.state !== "running") return [];
    const held = fleet.partition.holdings.get(nameSource(member.id, member.incarnation))?.[at];
    return held === undefined ? [] : [{ member, slave, held }];
  });
}

function listPlaces(fleet: FleetState, member: Member): Place[] {
  const holding = fleet.partition.holdings.get(nameSource(member.id, member.incarnation));
  return fleet.partition.scenarios.flatMap(({ shared }, at) => {
    const held = holding?.[at];
    const scenario = fleet.core.plan.scenarios[at]?.scenario.name;
    return shared === null || held === undefined || scenario === undefined ? [] : [{ at, scenario, shared, held }];
  });
}
