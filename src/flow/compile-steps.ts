import type { Step } from "../protocol/workflow.ts";
import type { CompiledStep } from "./compile-step.ts";
import { compileStep } from "./compile-step.ts";
import type { CompileSteps, Place } from "./place.ts";
import { compileSequence, outcomes } from "./sequence.ts";

/** Compiles a list of steps and everything inside them; disabled ones are not there. */
export const compileSteps: CompileSteps = (steps, place) =>
  compileSequence(compileEachStep(steps, place), null, outcomes);

/** The steps of a list, one by one. */
export function compileEachStep(steps: readonly Step[], place: Place): CompiledStep[] {
  return steps.filter((step) => !step.disabled).map((step) => compileStep(step, place, compileSteps));
}
