import {
  createFleetState,
  type FleetOptions,
  type FleetRecord,
  type FleetState,
  findPrepareLimit,
} from "./fleet-state.ts";
import { listRunning } from "./held-shares.ts";
import { restartStage } from "./limit-state.ts";
import { type Instant, noteEvent, type OwnerState } from "./owner-state.ts";

/** What must be written of this moment, of version `fleet.version`. It is the state itself: encode or clone it at once. */
export function viewRecord(fleet: FleetState): FleetRecord {
  const { core, pool, epoch, move, partition, degraded, startSpread, startSkewMs, coreEnded, final } = fleet;
  const { slaves, alone, phase, cause, started, endedAt, loadMs, pausedAt, pausedMs, events, startLeadMs } = core;
  const { resumedAt, leastTestMs, stopBy, lastSerial, steering, pausedScenarios, rendezvous, meetings, search } = core;
  return {
    pool,
    epoch,
    move,
    partition,
    degraded,
    startSpread,
    startSkewMs,
    coreEnded,
    final,
    past: fleet.past,
    written: [fleet.token, fleet.version],
    members: [...fleet.members.values()],
    sources: [...fleet.sources],
    core: {
      slaves,
      alone,
      phase,
      shared: viewShared(core),
      cause,
      started,
      endedAt,
      loadMs,
      pausedAt,
      pausedMs,
      resumedAt,
      leastTestMs,
      stopBy,
      lastSerial,
      steering,
      pausedScenarios,
      rendezvous,
      meetings,
      search,
      events,
      startLeadMs,
    },
  };
}

/** A secret is never stored, nor what was made of it. */
function viewShared({ shared, hasSecrets }: OwnerState): OwnerState["shared"] {
  return hasSecrets && shared !== null && Object.keys(shared).length > 0 ? "held" : shared;
}

/**
 * The state of a new owner, under a new token: every slave gets a whole H from now. The caller then feeds it all stored
 * frames (`stored`, appended) before anything else. Monotonic times are carried over by the epoch clock.
 */
export function restoreFleet(record: FleetRecord, options: FleetOptions, time: Instant): FleetState {
  const fleet = createFleetState({ ...options, slaves: [] }, time.now);
  const { core, members, sources, pool, past = [], written, ...rest } = structuredClone(record);
  const { slaves, events, started, endedAt, pausedAt, resumedAt, stopBy, startLeadMs: _, ...plain } = core;
  Object.assign(fleet, rest);
  fleet.past = written === undefined ? past : [...past, written];
  Object.assign(fleet.core, plain);
  fleet.core.slaves.push(...slaves);
  fleet.core.events.push(...events);
  if (started !== null) {
    const nowOf = (then: number) => time.now - (time.wall - (started.wall + then - started.now));
    const carryOver = (then: number | null) => (then === null ? null : nowOf(then));
    fleet.core.started = { now: nowOf(started.now), wall: started.wall };
    fleet.core.endedAt = carryOver(endedAt);
    fleet.core.pausedAt = carryOver(pausedAt);
    fleet.core.resumedAt = carryOver(resumedAt);
    fleet.core.stopBy = carryOver(stopBy);
  }
  fleet.pool.splice(0, fleet.pool.length, ...pool);
  for (const member of members) {
    const deadline = time.now + options.times.timeoutMs;
    fleet.members.set(member.id, {
      ...member,
      met: false,
      deadline,
      prepareBy: time.now + findPrepareLimit(fleet.core.plan),
    });
  }
  // The stored frames bring the high-water marks again.
  for (const [name, source] of sources) fleet.sources.set(name, { ...source, high: 0 });
  if (fleet.members.size === 0) fleet.emptySince = time.now;
  if (fleet.core.phase === "running") {
    const waiting = new Set(listRunning(fleet).map(({ member }) => member.id));
    if (waiting.size > 0) fleet.returning = { waiting, stoodStill: false, finished: false };
  }
  // Nobody looked on meanwhile.
  restartStage(fleet.core.search);
  noteEvent(fleet.core, "owner_changed", `taken up under token ${options.token}`, time);
  fleet.dirty = true;
  return fleet;
}
