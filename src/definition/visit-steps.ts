import { listChildren } from "../protocol/child-steps.ts";
import type { StepSpec } from "../protocol/step-spec.ts";
import type { Step } from "../protocol/workflow.ts";
import { stepSpecs } from "../step-specs.ts";

/** Every step of a list, those of hooks and inside of others too, in the order in which they run. */
export function visitSteps(steps: readonly Step[], visit: (step: Step, spec: StepSpec | undefined) => void): void {
  for (const step of steps) {
    const spec: StepSpec | undefined = Object.hasOwn(stepSpecs, step.type)
      ? stepSpecs[step.type as keyof typeof stepSpecs]
      : undefined;
    visitSteps(step.preHook, visit);
    visit(step, spec);
    for (const list of listChildren(step.config, spec?.children ?? [])) visitSteps(list, visit);
    visitSteps(step.postHook, visit);
  }
}
