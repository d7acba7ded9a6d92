import type { Order } from "../protocol/message.ts";
import type { FleetState } from "./fleet-state.ts";
import { countHeld, listRunning, type MemberOrder, type RunningMember } from "./held-shares.ts";

/** Nothing is running there: the run has only to say that it is done. */
const dismissal: Order = { type: "stop", command: "idle", graceMs: 0 };

/** Once for each member that has nothing to wait for. */
export function endIdle(fleet: FleetState): readonly MemberOrder[] {
  return listIdle(fleet)
    .filter(({ member }) => !member.dismissed)
    .map(({ member }) => {
      member.dismissed = true;
      fleet.dirty = true;
      return { slaveId: member.id, order: dismissal };
    });
}

/** What such a member has not answered yet; null: it is none. */
export function findDismissal(fleet: FleetState, slaveId: string): Order | null {
  return listIdle(fleet).some(({ member }) => member.id === slaveId && member.dismissed) ? dismissal : null;
}

/**
 * Members that hold nothing while all others have ended and nothing is left that could be granted: a run without VUs
 * would wait for a grant until the time of its load is over.
 */
function listIdle(fleet: FleetState): readonly RunningMember[] {
  const { core, pool, move } = fleet;
  if (core.phase !== "running" || move !== null || pool.some((vus) => vus.length > 0)) return [];
  const busy = core.slaves.some(({ state, share }) => state !== "ended" && countHeld(share) > 0);
  if (busy || !core.slaves.some(({ state }) => state === "ended")) return [];
  return listRunning(fleet);
}
