import type { ScenarioPause } from "../protocol/message.ts";
import type { PlannedScenario } from "../protocol/plan.ts";
import { findLatest, type OwnedSlave, type OwnerState, testTimeAt } from "./owner-state.ts";

/** The own time of a scenario, `start_time` not taken off, at a test time: what it stood by itself is not in it. */
export function toScenarioTime({ pausedScenarios }: OwnerState, scenario: string, testTimeMs: number): number {
  const paused = pausedScenarios.get(scenario);
  if (paused === undefined) return testTimeMs;
  const { pausedMs, standsAtMs, leastMs } = paused;
  return Math.max(leastMs, Math.min(testTimeMs - pausedMs, standsAtMs ?? Number.POSITIVE_INFINITY));
}

/** The same at a moment of the owner's monotonic clock. */
export function scenarioTimeAt(state: OwnerState, scenario: string, now: number): number {
  return toScenarioTime(state, scenario, testTimeAt(state, now));
}

/** The load ended by itself, each part by its slave's own clock: one that missed a pause may be past the owner's. */
export function isPlayedOut({ endedAt, cause }: OwnerState): boolean {
  return endedAt !== null && (cause === null || cause.reason === "teardown_timeout");
}

/** The test time from which a scenario stands by itself; `Infinity`: it goes on. */
export function findStand({ pausedScenarios }: OwnerState, scenario: string): number {
  const paused = pausedScenarios.get(scenario);
  return paused === undefined || paused.standsAtMs === null
    ? Number.POSITIVE_INFINITY
    : paused.standsAtMs + paused.pausedMs;
}

/** The test time at which a scenario is over by itself, running iterations not counted; `Infinity`: it is not. */
export function findScenarioEnd({ pausedScenarios }: OwnerState, { scenario, durationMs }: PlannedScenario): number {
  const { pausedMs, standsAtMs } = pausedScenarios.get(scenario.name) ?? { pausedMs: 0, standsAtMs: null };
  if (durationMs === null || standsAtMs !== null) return Number.POSITIVE_INFINITY;
  return scenario.startTimeMs + durationMs + pausedMs;
}

/** The same of all of them. */
export function findPlanEnd(state: OwnerState): number {
  return Math.max(0, ...state.plan.scenarios.map((planned) => findScenarioEnd(state, planned)));
}

/** The furthest own time that a slave's clock of the scenario may show: until it says so it has not heard of a pause. */
export function findLatestOf(state: OwnerState, slave: OwnedSlave, scenario: string, now: number): number {
  const latest = findLatest(state, slave, now);
  const paused = state.pausedScenarios.get(scenario);
  if (paused === undefined) return latest;
  const { pausedMs, furthestMs } = slave.pauses.get(scenario) ?? { pausedMs: 0, furthestMs: 0 };
  const heard = paused.serial <= Math.max(slave.steered, slave.startSerial);
  const most = heard ? (paused.standsAtMs ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
  return Math.max(toScenarioTime(state, scenario, latest), Math.min(latest - pausedMs, most), furthestMs);
}

/**
 * The pauses of scenarios that the start order of a slave holds; it has heard of them then. One that is ordered and still
 * ahead holds for it at once: nobody waits for its answer.
 */
export function describePauses(state: OwnerState, now: number): readonly ScenarioPause[] {
  return [...state.pausedScenarios].map(([scenario, { pausedMs, standsAtMs }]) => ({
    scenario,
    pausedMs,
    standsAtMs: standsAtMs === null ? null : scenarioTimeAt(state, scenario, now),
  }));
}
