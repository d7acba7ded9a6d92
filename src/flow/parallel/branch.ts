import { FlowVu } from "../flow-vu.ts";

/**
 * A branch of a VU: it shares the VU's connections and what the executors keep, and its templated variables. Variables,
 * results and the latest response are copies, so that what a branch sees does not depend on how far the others are.
 */
export function forkVu(vu: FlowVu, halt: AbortSignal): FlowVu {
  const branch = new FlowVu(vu.id, vu.signal, halt, vu.resources, vu.results.slice(), vu.defaults, vu.feed);
  branch.vuIteration = vu.vuIteration;
  branch.iteration = vu.iteration;
  branch.lagUs = vu.lagUs;
  branch.vuVariables = new Map(vu.vuVariables);
  branch.variables = new Map(vu.variables);
  branch.response = vu.response;
  branch.loop = vu.loop;
  return branch;
}

/** Puts what the branches changed into the VU, one after the other: of two that changed the same, the later one counts. */
export function joinBranches(vu: FlowVu, branches: readonly (FlowVu | undefined)[]): void {
  const before = { vuVariables: new Map(vu.vuVariables), variables: new Map(vu.variables) };
  const results = vu.results.slice();
  const { response } = vu;
  for (const branch of branches) {
    if (branch === undefined) continue;
    joinMaps(vu.vuVariables, before.vuVariables, branch.vuVariables);
    joinMaps(vu.variables, before.variables, branch.variables);
    for (const [slot, result] of branch.results.entries()) if (result !== results[slot]) vu.results[slot] = result;
    if (branch.response !== response) vu.response = branch.response;
    vu.latestFailure = branch.latestFailure ?? vu.latestFailure;
  }
}

function joinMaps(
  into: Map<string, unknown>,
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
): void {
  for (const [name, value] of after) if (value !== before.get(name)) into.set(name, value);
  for (const name of before.keys()) if (!after.has(name)) into.delete(name);
}
