import { EngineError } from "../errors.ts";
import type { Plan } from "../protocol/plan.ts";

/**
 * The place in the plan of the scenario to scale. Throws EngineError `conflict` where its mode has nothing to set, and
 * `invalid_request` for an unknown scenario or an impossible target.
 */
export function checkScale(plan: Plan, name: string, target: number): number {
  const position = findScenario(plan, name);
  const load = plan.scenarios[position]?.scenario.load;
  if (load === undefined) throw new EngineError("internal_error", `the plan has no scenario ${position + 1}`);
  if (load.mode === "ramping-arrival-rate") {
    throw new EngineError("conflict", `scenario ${name}: ramping-arrival-rate follows its stages and cannot be scaled`);
  }
  const isRate = load.mode === "constant-arrival-rate";
  if (!(target >= 0) || target > Number.MAX_SAFE_INTEGER || (!isRate && !Number.isInteger(target))) {
    const wanted = isRate ? "a rate of 0 or more" : "a whole number of VUs, 0 or more";
    throw new EngineError("invalid_request", `scenario ${name}: cannot scale to ${target}; give ${wanted}`);
  }
  if (load.mode === "externally-controlled" && target > load.maxVus) {
    throw new EngineError(
      "invalid_request",
      `scenario ${name}: ${target} VUs are more than its max_vus of ${load.maxVus}`,
    );
  }
  return position;
}

/** The place in the plan of the scenario of this name. Throws EngineError `invalid_request` where there is none. */
export function findScenario(plan: Plan, name: string): number {
  const position = plan.scenarios.findIndex(({ scenario }) => scenario.name === name);
  if (position >= 0) return position;
  const known = plan.scenarios.map(({ scenario }) => scenario.name).join(", ");
  throw new EngineError("invalid_request", `there is no scenario ${JSON.stringify(name)}; this workflow has: ${known}`);
}
