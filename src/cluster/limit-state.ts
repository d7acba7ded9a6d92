import type { FoundLimit, LimitLevel } from "../protocol/limit-search.ts";
import type { Plan, PlannedScenario } from "../protocol/plan.ts";
import { findHeld, showTarget } from "./limit-levels.ts";
import type { OwnerState } from "./owner-state.ts";

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

/** What was measured of this stage is not of one piece: it begins again. */
export function restartStage({ search }: OwnerState): void {
  if (search === null || search.over !== null) return;
  search.since = null;
  search.counted = null;
  search.changes++;
}

/** Where it is, for people: `level 3: 60/s`; undefined: there is no search. */
export function describeStage({ plan, search }: OwnerState): string | undefined {
  const spec = findSearched(plan)?.scenario.limitSearch ?? null;
  if (search === null || spec === null) return undefined;
  if (search.over !== null) return "the limit is known";
  const level = `level ${search.levels.length + 1}`;
  return search.stage === "rest" ? `resting before ${level}` : `${level}: ${showTarget(spec, search.target)}`;
}

/** What the search of an execution came to, or has come to so far; null: it does not search. */
export function describeLimit({ plan, search, cause }: OwnerState): FoundLimit | null {
  const scenario = findSearched(plan)?.scenario;
  if (search === null || scenario?.limitSearch === undefined || scenario.limitSearch === null) return null;
  return {
    scenario: scenario.name,
    of: scenario.limitSearch.of,
    limit: findHeld(search.levels)?.target ?? null,
    reason: search.over ?? `the limit was not known yet: ${cause?.message ?? "the time for the search was over"}`,
    levels: search.levels,
  };
}
