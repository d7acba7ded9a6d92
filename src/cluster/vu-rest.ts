import { endless, listIndices } from "../plan/index-runs.ts";
import { unpackHalted } from "../plan/halted-vus.ts";
import type { PlannedScenario } from "../protocol/plan.ts";
import { countAsked } from "./count-asked.ts";
import { type FleetState, nameSource } from "./fleet-state.ts";
import type { ScenarioPartition } from "./partition.ts";
import { isPlayedOut, scenarioTimeAt } from "./scenario-time.ts";

/**
 * What nobody began of a scenario of iterations of each VU, once all sources have told of theirs; 0 in other modes. Planned
 * are the iterations of the VUs up to the count that the owner asked for when the load ended, whoever heard of it; the
 * rest of removed ones is cancelled.
 */
export function countRest(fleet: FleetState, at: number, now: number): number {
  const next = listNext(fleet, at);
  return sumRest(fleet, at, now, next, next.keys());
}

/** What VUs of lost slaves had left to do, where nobody had taken them by the end of the load: until then somebody may. */
export function countOrphaned(fleet: FleetState, at: number, now: number): number {
  const part = fleet.partition.scenarios[at];
  if (fleet.core.endedAt === null || part === undefined) return 0;
  const orphans = part.orphans.map((vu) => vu - 1);
  return sumRest(fleet, at, now, part.progress?.claimed ?? [], orphans);
}

/** `next`: with which iteration each VU would go on, at its index - 1; `places`: those of the VUs that count. */
function sumRest(
  fleet: FleetState,
  at: number,
  now: number,
  next: readonly number[],
  places: Iterable<number>,
): number {
  const planned = fleet.core.plan.scenarios[at];
  const part = fleet.partition.scenarios[at];
  if (planned === undefined || part === undefined || planned.scenario.load.mode !== "per-vu-iterations") return 0;
  const { iterations } = planned.scenario.load;
  const asked = countAsked(planned, part, findEnd(fleet, planned, now));
  let sum = 0;
  for (const place of places) if (place < asked) sum += Math.max(0, iterations - (next[place] ?? 0));
  return sum;
}

/** The scenario's own time at which its load ended, or will if nothing ends it before. */
function findEnd({ core }: FleetState, { scenario, durationMs }: PlannedScenario, now: number): number {
  const endMs = scenario.startTimeMs + (durationMs ?? Number.MAX_SAFE_INTEGER);
  if (core.endedAt === null || isPlayedOut(core)) return endMs;
  return Math.min(endMs, scenarioTimeAt(core, scenario.name, now));
}

/** With which iteration each VU would go on, at its index - 1, if those that are held have halted. */
function listNext({ core, members, reports, partition }: FleetState, at: number): readonly number[] {
  const part = partition.scenarios[at];
  const next = [...(part?.progress?.claimed ?? [])];
  for (const { id, share } of core.slaves) {
    const member = members.get(id);
    const name = core.plan.scenarios[at]?.scenario.name;
    if (part === undefined || member === undefined || name === undefined) continue;
    const halted = unpackHalted(name, reports.get(nameSource(id, member.incarnation))?.halted ?? [], part.known);
    for (const vu of listIndices(share.scenarios[at]?.vus ?? [], 0, endless)) next[vu - 1] = readNext(part, halted, vu);
  }
  return next;
}

/**
 * With which iteration a VU goes on that a source of which all frames are in was given: what it told, if it began any.
 * One that has gone on elsewhere since has gone further there.
 */
export function readNext({ progress }: ScenarioPartition, halted: ReadonlyMap<number, number>, vu: number): number {
  return Math.max(progress?.from[vu - 1] ?? 0, halted.get(vu) ?? 0);
}
