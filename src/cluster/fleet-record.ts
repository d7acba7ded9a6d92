import { createFleetState, type FleetOptions, type FleetRecord, type FleetState } from "./fleet-state.ts";
import type { Instant } from "./owner-state.ts";

/** What must be written of this moment; shares nothing with the state. */
export function takeRecord(fleet: FleetState): FleetRecord {
  const { core, pool, epoch, move, partition, degraded, coreEnded, final } = fleet;
  const { slaves, alone, phase, shared, cause, started, endedAt, pausedAt, pausedMs, events, startLeadMs } = core;
  return structuredClone({
    pool,
    epoch,
    move,
    partition,
    degraded,
    coreEnded,
    final,
    members: [...fleet.members.values()],
    sources: [...fleet.sources],
    core: { slaves, alone, phase, shared, cause, started, endedAt, pausedAt, pausedMs, events, startLeadMs },
  });
}

/**
 * The state of a new owner, under a new token: every slave gets a whole H from now. The caller then feeds it all stored
 * frames (`stored`, appended) before anything else. Monotonic times are carried over by the epoch clock.
 */
export function restoreFleet(record: FleetRecord, options: FleetOptions, time: Instant): FleetState {
  const fleet = createFleetState({ ...options, slaves: [] }, time.now);
  const { core, members, sources, pool, ...rest } = structuredClone(record);
  const { slaves, events, started, endedAt, pausedAt, startLeadMs: _, ...plain } = core;
  Object.assign(fleet, rest);
  Object.assign(fleet.core, plain);
  fleet.core.slaves.push(...slaves);
  fleet.core.events.push(...events);
  if (started !== null) {
    const nowOf = (then: number) => time.now - (time.wall - (started.wall + then - started.now));
    fleet.core.started = { now: nowOf(started.now), wall: started.wall };
    fleet.core.endedAt = endedAt === null ? null : nowOf(endedAt);
    fleet.core.pausedAt = pausedAt === null ? null : nowOf(pausedAt);
  }
  fleet.pool.splice(0, fleet.pool.length, ...pool);
  for (const member of members) {
    fleet.members.set(member.id, { ...member, deadline: time.now + options.times.timeoutMs });
  }
  // The stored frames bring the high-water marks again.
  for (const [name, source] of sources) fleet.sources.set(name, { ...source, high: 0 });
  if (fleet.members.size === 0) fleet.emptySince = time.now;
  fleet.core.events.push({
    time: new Date(time.wall).toISOString(),
    type: "owner_changed",
    message: `taken up under token ${options.token}`,
  });
  fleet.dirty = true;
  return fleet;
}
