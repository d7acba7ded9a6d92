import type { Json, JsonObject } from "../../protocol/json.ts";
import type { Pair } from "../request-body.ts";
import type { PlanNode } from "./read-plan.ts";

/** A pause of JMeter's timers, ms. */
export interface Pause {
  readonly min: number;
  readonly max: number;
}

/** What the elements around a sampler add to it: an element counts for its siblings and all below them. */
export interface Scope {
  /** `HTTPSampler.domain` and its like, from the request defaults. */
  readonly defaults: ReadonlyMap<string, string>;
  readonly headers: readonly Pair[];
  readonly pause: Pause;
  readonly asserts: readonly JsonObject[];
  readonly extracts: readonly JsonObject[];
  /** Steps that come before each request: rendezvous. */
  readonly before: readonly Json[];
}

export const emptyScope: Scope = {
  defaults: new Map(),
  headers: [],
  pause: { min: 0, max: 0 },
  asserts: [],
  extracts: [],
  before: [],
};

/** A rule for a kind of element: the scope with it. */
export type ScopeReader = (node: PlanNode, scope: Scope) => Scope;

/** A header of an inner manager stands for that of an outer one. */
export function addHeaders(scope: Scope, headers: readonly Pair[]): Scope {
  const own = new Set(headers.map(([name]) => name.toLowerCase()));
  return { ...scope, headers: [...scope.headers.filter(([name]) => !own.has(name.toLowerCase())), ...headers] };
}

export function addPause(scope: Scope, min: number, max: number): Scope {
  return { ...scope, pause: { min: scope.pause.min + min, max: scope.pause.max + max } };
}
