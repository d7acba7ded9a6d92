import type { Order } from "../protocol/message.ts";
import { type FleetState, type Member } from "./fleet-state.ts";
import { countHeld, listRunning, type MemberOrder, type RunningMember } from "./held-shares.ts";
import type { OwnedSlave } from "./owner-state.ts";
import { hasOwnWork } from "./work-left.ts";

/** Nothing is running there: the run has only to say that it is done. */
const dismissal: Order = { type: "stop", command: "idle", graceMs: 0 };

/** Once for each member that has nothing to wait for. */
export function endIdle(fleet: FleetState, now: number): readonly MemberOrder[] {
  return listIdle(fleet, now)
    .filter(({ member }) => !member.dismissed)
    .map(({ member }) => {
      member.dismissed = true;
      fleet.dirty = true;
      return { slaveId: member.id, order: dismissal };
    });
}

/** What such a member has not answered yet; null: it is none. */
export function findDismissal({ core }: FleetState, { state }: OwnedSlave, member: Member): Order | null {
  const dismissed = state === "running" && member.started && member.dismissed;
  return dismissed && core.phase === "running" ? dismissal : null;
}

/**
 * All members, once each of them has done its part or holds nothing, and nobody is left who could be given more: until
 * then those who are ready wait for what a loss may still bring them.
 */
function listIdle(fleet: FleetState, now: number): readonly RunningMember[] {
  const { core, pool, move } = fleet;
  if (core.phase !== "running" || move !== null) return [];
  const running = listRunning(fleet);
  const idle = running.filter(({ member }) => isIdle(fleet, member));
  const busy = core.slaves.some(
    ({ id, state, share }) => state !== "ended" && countHeld(share) > 0 && !idle.some(({ member }) => member.id === id),
  );
  if (busy || (idle.length === 0 && !core.slaves.some(({ state }) => state === "ended"))) return [];
  // Where all are on their way out others may come, or one of them stay.
  const leaving = running.every(({ member }) => member.draining);
  // Where somebody has been idle the time of all other modes is over: only VUs with iterations of their own have any left.
  const left =
    idle.length === 0
      ? pool.some((vus) => vus.length > 0)
      : pool.some((_, at) => (leaving || mayTake(fleet, at)) && hasOwnWork(fleet, at, now));
  return left ? [] : running;
}

/** It has said so since it was given something last. */
function isIdle({ partition }: FleetState, { idle, epoch }: Member): boolean {
  return idle !== null && idle.epoch >= epoch && idle.serial >= partition.scaled;
}

/** Is there anybody, or somebody on the way, with room? */
function mayTake({ core, members, roomOf, mayHold }: FleetState, at: number): boolean {
  return core.slaves.some(({ id, state, share }) => {
    const member = members.get(id);
    return (
      member !== undefined && mayHold(id, at) && !member.draining && state !== "ended" && roomOf(id) > countHeld(share)
    );
  });
}
