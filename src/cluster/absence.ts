import type { FleetState } from "./fleet-state.ts";
import { restartStage } from "./limit-state.ts";
import { type Instant, noteEvent } from "./owner-state.ts";

/**
 * An owner whose tick comes much later than it was asked for was frozen, and heard nobody meanwhile: what was said to it
 * waits unread, and a slave's lease may have ended for want of an answer. Its timers count the time alone in which it
 * listened, as a new owner's begin when it does; that they end later never makes two holders of one VU.
 */
export function noteAbsence(fleet: FleetState, time: Instant): void {
  const { core, members, times, wakeAt } = fleet;
  const awayMs = wakeAt === null ? 0 : time.now - wakeAt;
  if (awayMs <= times.renewMs) return;
  // The tick itself may be yet to come.
  fleet.wakeAt = time.now;
  const outlived = [...members.values()].some(({ deadline }) => deadline <= time.now);
  for (const member of members.values()) {
    member.deadline += awayMs;
    member.prepareBy += awayMs;
  }
  if (fleet.emptySince !== null) fleet.emptySince += awayMs;
  if (!outlived || fleet.final) return;
  // Of what was tried meanwhile nobody knows how it was kept up.
  restartStage(core.search);
  noteEvent(
    core,
    "suspended",
    `the master stood still for ${Math.round(awayMs)} ms: it goes on with who is alive`,
    time,
  );
  fleet.dirty = true;
}
