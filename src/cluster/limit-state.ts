import { EngineError } from "../errors.ts";
import type { LimitLevel } from "../protocol/report.ts";
import type { Plan, PlannedScenario } from "../protocol/plan.ts";

/** Where a search for the limit is. Plain data: it is part of the fleet's record. */
export interface SearchState {
  readonly levels: LimitLevel[];
  /** A level is tried · after one that broke the load is at `from` until the target has recovered. */
  stage: "level" | "rest";
  target: number;
  /** When this stage began, by the scenario's own time and the test time; null: at the next look. */
  since: { readonly ownMs: number; readonly testMs: number } | null;
  /** At the beginning of the part that is judged; null: it has not come to that. */
  counted: SearchCounts | null;
  /** Why it is over; null: it goes on. */
  over: string | null;
  /** Changes of it that must be durable. */
  changes: number;
}

/** What had finished, and what had found no VU, when frames had told of the time up to `untilMs`. */
export interface SearchCounts {
  readonly iterations: number;
  readonly dropped: number;
  readonly untilMs: number;
}

/** A search that has not begun; null: no scenario of the plan searches. */
export function createSearchState(plan: Plan): SearchState | null {
  const search = findSearched(plan)?.scenario.limitSearch ?? null;
  if (search === null) return null;
  return { levels: [], stage: "level", target: search.from, since: null, counted: null, over: null, changes: 0 };
}

/** The scenario of a plan that searches for its limit. */
export function findSearched(plan: Plan): PlannedScenario | undefined {
  return plan.scenarios.find(({ scenario }) => (scenario.limitSearch ?? null) !== null);
}

/** Throws EngineError `conflict` for the scenario that searches: nobody else sets its load. */
export function refuseSearched(plan: Plan, scenario: string): void {
  if (findSearched(plan)?.scenario.name !== scenario) return;
  throw new EngineError("conflict", `scenario ${scenario}: its load is set by the search for its limit`);
}

/** What was measured of this stage is not of one piece: it begins again. */
export function restartStage(search: SearchState | null): void {
  if (search === null || search.over !== null) return;
  search.since = null;
  search.counted = null;
  search.changes++;
}
