import type { Inside, LoopAround } from "../protocol/step-spec.ts";

/** What steps and texts at one place may name besides what is known everywhere. */
export interface StepScope {
  /** What the steps of this body (the scenarios', a fragment's) set; filled while they are resolved. */
  readonly assigned: Set<string>;
  /** Items of the loops around, parameters. */
  readonly variables: ReadonlySet<string>;
  /** Fields of `loop`; null: there is no loop around. */
  readonly loop: readonly string[] | null;
  /** The loops that a `break` may leave, the innermost last. */
  readonly loops: readonly LoopAround[];
}

/** The outermost place of a body. */
export function createScope(assigned: Set<string>, variables: Iterable<string> = []): StepScope {
  return { assigned, variables: new Set(variables), loop: null, loops: [] };
}

/** The inside of a step. */
export function enterStep(scope: StepScope, stepId: string, inside: Inside): StepScope {
  const { variables = [], loop, sealed = false } = inside;
  const loops = sealed ? [] : scope.loops;
  return {
    assigned: scope.assigned,
    variables: variables.length === 0 ? scope.variables : new Set([...scope.variables, ...variables]),
    loop: loop?.fields ?? scope.loop,
    loops: loop === undefined ? loops : [...loops, { stepId, label: loop.label }],
  };
}

/** A step's hooks: they belong to the step, and no `break` leaves them. */
export function enterHook(scope: StepScope): StepScope {
  return { ...scope, loops: [] };
}
