import type { SeenRecord } from "../protocol/message.ts";
import type { FleetState } from "./fleet-state.ts";

/** Of two records of one execution the one that was written later. */
export function laterOf(left: SeenRecord, right: SeenRecord): SeenRecord {
  return isBefore(left, right) ? right : left;
}

/**
 * Has a slave had orders that follow from a record that this owner has never had? Then its store has come back from an
 * older copy: what was decided after that, who holds what, what is claimed, which commands are in force, is not known.
 */
export function isBehind(fleet: FleetState, seen: SeenRecord): boolean {
  const own = findOwn(fleet, seen);
  return own === undefined ? seen[0] > 0 : own[1] < seen[1];
}

/** The same of one that the owner knows nothing of: only who names a token of its owners was theirs. */
export function isBehindStranger(fleet: FleetState, seen: SeenRecord): boolean {
  return findOwn(fleet, seen) !== undefined && isBehind(fleet, seen);
}

function findOwn({ token, version, past }: FleetState, [seen]: SeenRecord): SeenRecord | undefined {
  return [...past, [token, version] as const].find(([of]) => of === seen);
}

function isBefore(left: SeenRecord, right: SeenRecord): boolean {
  return left[0] < right[0] || (left[0] === right[0] && left[1] < right[1]);
}
