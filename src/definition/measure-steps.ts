import { listChildren } from "../protocol/child-steps.ts";
import type { Step } from "../protocol/workflow.ts";
import { findSpec } from "./check-steps.ts";

/** What steps come to when everything that they call is put in their place. */
export interface StepMeasure {
  readonly count: number;
  /** Steps inside steps: 1 for a list of plain steps. */
  readonly depth: number;
}

/** Measures steps; what many calls share is looked at once. */
export function createStepMeasure(): (steps: readonly Step[]) => StepMeasure {
  const known = new Map<Step, StepMeasure>();
  const measureList = (steps: readonly Step[]): StepMeasure => {
    let count = 0;
    let depth = 0;
    for (const step of steps) {
      const one = known.get(step) ?? measureStep(step);
      known.set(step, one);
      count += one.count;
      depth = Math.max(depth, one.depth);
    }
    return { count, depth };
  };
  const measureStep = (step: Step): StepMeasure => {
    const children = listChildren(step.config, findSpec(step.type)?.children ?? []);
    const inside = [step.preHook, ...children, step.postHook].map(measureList);
    return {
      count: inside.reduce((sum, { count }) => sum + count, 1),
      depth: 1 + Math.max(...inside.map(({ depth }) => depth)),
    };
  };
  return measureList;
}
