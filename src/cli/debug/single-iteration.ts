import type { Workflow } from "../../protocol/workflow.ts";

const longestMs = 600_000;

/** The workflow as `--debug` runs it: of each scenario one iteration by one VU, at once, and nothing to be held to. */
export function keepSingleIteration(workflow: Workflow): Workflow {
  return {
    ...workflow,
    warmUpMs: 0,
    thresholds: [],
    scenarios: workflow.scenarios.map((scenario) => ({
      ...scenario,
      load: { mode: "per-vu-iterations", vus: 1, iterations: 1, maxDurationMs: longestMs },
      startTimeMs: 0,
      pacingMs: 0,
      thinkTime: null,
    })),
  };
}
