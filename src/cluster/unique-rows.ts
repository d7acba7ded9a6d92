import { listLines } from "../plan/list-lines.ts";
import { countRanges, joinRanges, subtractRanges, takeFirst } from "../plan/move-ranges.ts";
import type { Fact, Order } from "../protocol/message.ts";
import type { IterationRange } from "../protocol/plan.ts";
import { type FleetState, type Member, nameSource } from "./fleet-state.ts";
import { type Instant, noteEvent } from "./owner-state.ts";

/** The first slave that has read a file says how many rows there are to deal; all have the same file. */
export function noteRows(fleet: FleetState, rows: readonly number[] | undefined): void {
  const { feeders } = fleet.core.plan.workflow;
  rows?.forEach((count, at) => {
    const feeder = feeders[at];
    if (feeder?.mode !== "unique" || feeder.per !== "iteration" || (fleet.partition.rows[at] ?? null) !== null) return;
    fleet.partition.rows[at] = { ranges: [[0, count]], over: false };
    fleet.dirty = true;
  });
}

/** Rows come back that nobody has used: once for each number, whatever is said again. */
export function noteReturn(
  fleet: FleetState,
  member: Member,
  { line, serial, ranges }: Fact & { readonly type: "return" },
): readonly Order[] {
  const { core, partition } = fleet;
  const at = listLines(core.plan).indexOf(line);
  const state = partition.rows[at - partition.scenarios.length] ?? null;
  const held = partition.holdings.get(nameSource(member.id, member.incarnation))?.[at];
  if (state === null || held === undefined) return [];
  if (serial === held.returned + 1) {
    // Only what it holds: nobody is given what somebody else may use.
    const back = subtractRanges(held.rows, subtractRanges(held.rows, ranges));
    held.returned = serial;
    held.rows = subtractRanges(held.rows, back);
    held.assigned -= countRanges(back);
    state.ranges = joinRanges(state.ranges, back);
    fleet.dirty = true;
  }
  return serial <= held.returned ? [{ type: "taken_back", line, serial }] : [];
}

const mostNamed = 20;

/** Rows of a lost source are never given out again; which ones it may not have used is written down. */
export function loseRows(fleet: FleetState, member: Member, time: Instant): void {
  const { core, partition } = fleet;
  const source = nameSource(member.id, member.incarnation);
  const holding = partition.holdings.get(source);
  core.plan.workflow.feeders.forEach(({ name }, feeder) => {
    const held = holding?.[partition.scenarios.length + feeder];
    if (held === undefined || held.rows.length === 0) return;
    const used = fleet.reports.get(source)?.rows[feeder] ?? 0;
    // They are used in their order, but for those that VUs have in hand.
    const { left } = takeFirst(held.rows, used);
    if (left.length === 0) return;
    const named = left.slice(0, mostNamed).map(showRange).join(", ");
    const more = left.length > mostNamed ? `, and ${left.length - mostNamed} more ranges` : "";
    const message = `data.${name}: rows ${named}${more} were ${member.id}'s and are not given again; it reported ${used} as used`;
    noteEvent(core, "rows_lost", message, time, member.id);
  });
}

/** Rows as people count them, from 1. */
function showRange([from, to]: IterationRange): string {
  return to - from === 1 ? String(to) : `${from + 1}-${to}`;
}
