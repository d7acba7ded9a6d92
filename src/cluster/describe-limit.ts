import type { FoundLimit } from "../protocol/report.ts";
import { findHeld, showTarget } from "./limit-levels.ts";
import { findSearched } from "./limit-state.ts";
import type { OwnerState } from "./owner-state.ts";

/** Where it is, for people: `level 3: 60/s`; null: there is no search. */
export function describeStage({ plan, search }: OwnerState): string | null {
  const spec = findSearched(plan)?.scenario.limitSearch ?? null;
  if (search === null || spec === null) return null;
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
