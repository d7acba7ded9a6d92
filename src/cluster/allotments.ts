import { listLines } from "../plan/list-lines.ts";
import { countRanges, joinRanges, takeFirst } from "../plan/move-ranges.ts";
import type { Fact, Order } from "../protocol/message.ts";
import { countVusOf } from "./arrival-cut.ts";
import { type FleetState, type Member, nameSource } from "./fleet-state.ts";
import type { OwnedSlave } from "./owner-state.ts";
import type { HeldScenario, SharedState } from "./partition.ts";

/** A block that was asked for again within this time was too small. */
const QUICK_MS = 500;

/** What is dealt in ranges: shared iterations of a scenario, or unique rows of a feeder. `at`: its place in a holding. */
interface Line {
  readonly at: number;
  readonly name: string;
  readonly state: SharedState;
  /** null: it is a feeder's. */
  readonly scenario: number | null;
}

/** A member's wish for more shared iterations. A repetition of one that was met is not: the answer was lost, or overtaken. */
export function noteWant(fleet: FleetState, member: Member, fact: Fact & { readonly type: "want" }): void {
  const line = listLineStates(fleet).find(({ name }) => name === fact.scenario);
  const held = line === undefined ? undefined : findHeld(fleet, member, line);
  if (held === undefined || fact.serial > held.serial) return;
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
  if (fleet.core.phase !== "running") return orders;
  for (const line of listLineStates(fleet)) {
    const { state: shared } = line;
    const takers = listTakers(fleet, line);
    for (const taker of takers) {
      // Who is to leave does the iterations it has, and needs their rows.
      const leaves = taker.member.draining && line.scenario !== null;
      if (!taker.held.hungry || leaves || shared.over || fleet.move?.waiting.has(taker.member.id)) continue;
      const wanted = sizeBlock(fleet, taker, takers.length, line, now);
      const { taken, left } = takeFirst(shared.ranges, wanted);
      if (taken.length === 0) continue;
      shared.ranges = left;
      const { held, member } = taker;
      held.serial++;
      held.outstanding = [...held.outstanding, { serial: held.serial, ranges: taken }];
      held.block = countRanges(taken);
      held.assigned += held.block;
      if (line.scenario === null) held.rows = joinRanges(held.rows, taken);
      held.allottedAt = now;
      held.hungry = false;
      fleet.dirty = true;
      orders.push(...listAllotments(fleet, member).map((order) => ({ slaveId: member.id, order })));
    }
    if (!shared.over && mayEnd(fleet, line)) {
      shared.over = true;
      fleet.dirty = true;
    }
    if (!shared.over) continue;
    for (const { member, held } of listMembers(fleet, line)) {
      if (held.told || !member.started) continue;
      held.told = true;
      held.serial++;
      held.outstanding = [...held.outstanding, { serial: held.serial, ranges: [] }];
      fleet.dirty = true;
      orders.push(...listAllotments(fleet, member).map((order) => ({ slaveId: member.id, order })));
    }
  }
  return orders;
}

/** All allotments that a member may not have applied, oldest first. */
export function listAllotments(fleet: FleetState, member: Member): readonly Order[] {
  return listLineStates(fleet).flatMap((line) => {
    const held = findHeld(fleet, member, line);
    return (held?.outstanding ?? []).map(({ serial, ranges }): Order => {
      const last = held?.told === true && serial === held.serial;
      return { type: "allot", epoch: fleet.epoch, scenario: line.name, serial, ranges, last };
    });
  });
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
function mayEnd(fleet: FleetState, line: Line): boolean {
  if (line.state.ranges.length > 0 || fleet.move !== null) return false;
  return listMembers(fleet, line).every(({ slave, held }) => held.hungry || countVusOn(line, slave) === 0);
}

function sizeBlock(fleet: FleetState, { member, slave, held }: Taker, takers: number, line: Line, now: number): number {
  const vus = countVusOn(line, slave);
  const report = fleet.reports.get(nameSource(member.id, member.incarnation));
  const perSecond =
    line.scenario === null
      ? (report?.perSecond.reduce((sum, each) => sum + each, 0) ?? 0)
      : (report?.perSecond[line.scenario] ?? 0);
  const grown = now - held.allottedAt < QUICK_MS ? held.block * 2 : 0;
  const left = countRanges(line.state.ranges);
  return Math.max(vus, Math.min(Math.max(Math.ceil(perSecond), grown), Math.ceil(left / (2 * takers))));
}

/** VUs that may take from it. */
function countVusOn({ scenario }: Line, { share }: OwnedSlave): number {
  if (scenario !== null) return countVusOf(share.scenarios[scenario]);
  return share.scenarios.reduce((sum, part) => sum + countVusOf(part), 0);
}

function listTakers(fleet: FleetState, line: Line): Taker[] {
  return listMembers(fleet, line).filter(({ slave }) => countVusOn(line, slave) > 0);
}

function listMembers(fleet: FleetState, line: Line): Taker[] {
  return fleet.core.slaves.flatMap((slave) => {
    const member = fleet.members.get(slave.id);
    if (member === undefined || slave.state !== "running") return [];
    const held = findHeld(fleet, member, line);
    return held === undefined ? [] : [{ member, slave, held }];
  });
}

function findHeld(fleet: FleetState, member: Member, { at }: Line): HeldScenario | undefined {
  return fleet.partition.holdings.get(nameSource(member.id, member.incarnation))?.[at];
}

function listLineStates({ core, partition }: FleetState): Line[] {
  const names = listLines(core.plan);
  const { scenarios, rows } = partition;
  return names.flatMap((name, at): Line[] => {
    const scenario = at < scenarios.length ? at : null;
    const state = scenario === null ? (rows[at - scenarios.length] ?? null) : (scenarios[scenario]?.shared ?? null);
    return state === null ? [] : [{ at, name, state, scenario }];
  });
}
