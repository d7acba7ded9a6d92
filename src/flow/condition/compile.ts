import type { Step } from "../../protocol/workflow.ts";
import { passed } from "../outcome.ts";
import type { StepCompiler } from "../place.ts";
import { type ConditionConfig, conditionSpec } from "./spec.ts";

/** Runs the first branch whose expression is true; none: passes. */
export const conditionCompiler: StepCompiler = {
  spec: conditionSpec,
  runsAll: false,
  repeats: false,
  compile: (step, place, tags, compileSteps) => {
    const { branches } = step.config as unknown as ConditionConfig;
    const compiled = branches.map(({ expression, steps }) => ({
      test: expression === null ? null : place.texts.condition(expression),
      run: compileSteps(steps as unknown as readonly Step[], place),
    }));
    return {
      durations: [place.recorder.trend("step_duration", tags)],
      run: (vu, deadline) => {
        for (const { test, run } of compiled) if (test === null || test(vu)) return run(vu, deadline);
        return passed;
      },
    };
  },
};
