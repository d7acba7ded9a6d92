import { countRanges } from "../plan/move-ranges.ts";
import { type OwnerState, testTimeAt } from "./owner-state.ts";
import type { Partition } from "./partition.ts";
import { findScenarioEnd, scenarioTimeAt } from "./scenario-time.ts";
import { countAsked } from "./count-asked.ts";

/** What of a fleet tells what is left to do. */
interface Holders {
  readonly core: OwnerState;
  readonly members: ReadonlyMap<string, { readonly dismissed: boolean }>;
  readonly partition: Partition;
  readonly pool: readonly (readonly number[])[];
}

/** Does the plan go on for VUs that nobody holds, so that somebody who comes would have them to run? */
export function isWorkLeft(fleet: Holders, now: number): boolean {
  const { core, members, partition, pool } = fleet;
  // Those that were told that nothing is left have ended for it, and those without a row for want of one.
  if ([...members.values()].some(({ dismissed }) => dismissed)) return false;
  if (core.events.some(({ type }) => type === "data_over")) return false;
  const testTimeMs = Math.max(testTimeAt(core, now), core.loadMs ?? 0);
  return core.plan.scenarios.some((planned, at) => {
    if ((pool[at] ?? []).length === 0 || testTimeMs >= findScenarioEnd(core, planned)) return false;
    const shared = partition.scenarios[at]?.shared ?? null;
    if (shared !== null) return !shared.over && countRanges(shared.ranges) > 0;
    return planned.scenario.load.mode !== "per-vu-iterations" || hasOwnWork(fleet, at, now);
  });
}

/** Is a VU in the pool that has iterations of its own left to do? */
export function hasOwnWork({ core, pool, partition }: Omit<Holders, "members">, at: number, now: number): boolean {
  const planned = core.plan.scenarios[at];
  const part = partition.scenarios[at];
  if (planned === undefined || part === undefined || part.progress === null) return false;
  const { load } = planned.scenario;
  const iterations = load.mode === "per-vu-iterations" ? load.iterations : 0;
  const asked = countAsked(planned, part, scenarioTimeAt(core, planned.scenario.name, now));
  const { claimed } = part.progress;
  return (pool[at] ?? []).some((vu) => vu <= asked && (claimed[vu - 1] ?? 0) < iterations);
}
