import { listChildren } from "../protocol/child-steps.ts";
import type { StepSpec } from "../protocol/step-spec.ts";
import type { Step, Workflow } from "../protocol/workflow.ts";
import { stepSpecs } from "../step-specs.ts";

/** The capabilities that a slave needs for the workflow's steps, in the order of the steps, each once. */
export function listCapabilities(workflow: Workflow): string[] {
  const found = new Set<string>();
  const visit = (steps: readonly Step[]): void => {
    for (const step of steps) {
      const spec: StepSpec | undefined = Object.hasOwn(stepSpecs, step.type)
        ? stepSpecs[step.type as keyof typeof stepSpecs]
        : undefined;
      visit(step.preHook);
      const capability = spec?.capability ?? null;
      if (capability !== null) found.add(capability);
      for (const list of listChildren(step.config, spec?.children ?? [])) visit(list);
      visit(step.postHook);
    }
  };
  visit(workflow.setup);
  for (const { vuSetup, preHook, steps, postHook, vuTeardown } of workflow.scenarios) {
    for (const list of [vuSetup, preHook, steps, postHook, vuTeardown]) visit(list);
  }
  visit(workflow.teardown);
  return [...found];
}
