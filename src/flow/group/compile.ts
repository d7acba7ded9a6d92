import type { Step } from "../../protocol/workflow.ts";
import type { StepCompiler } from "../place.ts";
import { groupSpec } from "./spec.ts";

/** What a group's config is after definition. */
interface GroupConfig {
  readonly steps: readonly Step[];
}

/** Runs its steps in order; their series, and `group_duration`, carry the tag `group: ::outer::inner`. */
export const groupCompiler: StepCompiler = {
  spec: groupSpec,
  runsAll: true,
  repeats: false,
  compile: (step, place, tags, compileSteps) => {
    const group = `${place.group}::${step.name}`;
    return {
      run: compileSteps(readConfig(step).steps, { ...place, group }),
      durations: [
        place.recorder.trend("step_duration", tags),
        place.recorder.trend("group_duration", { ...place.tags, group }),
      ],
    };
  },
};

function readConfig(step: Step): GroupConfig {
  return step.config as unknown as GroupConfig;
}
