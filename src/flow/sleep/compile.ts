import type { Step } from "../../protocol/workflow.ts";
import { interrupted, passed } from "../outcome.ts";
import { compilePause } from "../pause.ts";
import type { StepCompiler } from "../place.ts";
import { waitUntil } from "../wait.ts";
import { sleepSpec } from "./spec.ts";
import type { Pause } from "../../protocol/workflow.ts";

/** What a sleep's config is after definition. */
interface SleepConfig {
  readonly duration: Pause;
}

/** Waits; records no duration. A sleep that the deadline cuts short fails with `timeout`. */
export const sleepCompiler: StepCompiler = {
  spec: sleepSpec,
  runsAll: true,
  repeats: false,
  compile: (step, place) => {
    const draw = compilePause(readConfig(step).duration, place);
    const { clock } = place;
    return {
      durations: [],
      run: async (vu, deadline) => {
        const end = clock.now() + draw(vu);
        if (!(await waitUntil(Math.min(end, deadline), clock, vu.halt))) return interrupted;
        return end <= deadline ? passed : { code: "timeout", message: "the sleep was cut short by a timeout" };
      },
    };
  },
};

function readConfig(step: Step): SleepConfig {
  return step.config as unknown as SleepConfig;
}
