import type { Scenario, Step, Workflow } from "../protocol/workflow.ts";
import { visitSteps } from "./visit-steps.ts";

/** The capabilities that a slave needs for the workflow's steps, in the order of the steps, each once. */
export function listCapabilities(workflow: Workflow): string[] {
  return list([workflow.setup, ...workflow.scenarios.flatMap((scenario) => listBodies(scenario)), workflow.teardown]);
}

/** Those of one scenario, and of setup and teardown, which any slave may be asked to run. */
export function listScenarioCapabilities({ setup, teardown }: Workflow, scenario: Scenario): string[] {
  return list([setup, ...listBodies(scenario), teardown]);
}

/** The step lists of a scenario, in the order in which they run. */
export function listBodies({ vuSetup, preHook, steps, postHook, vuTeardown }: Scenario): (readonly Step[])[] {
  return [vuSetup, preHook, steps, postHook, vuTeardown];
}

function list(bodies: readonly (readonly Step[])[]): string[] {
  const found = new Set<string>();
  for (const body of bodies) {
    visitSteps(body, (_, spec) => {
      const capability = spec?.capability ?? null;
      if (capability !== null) found.add(capability);
    });
  }
  return [...found];
}
