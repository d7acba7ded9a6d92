import type { Step } from "../../protocol/workflow.ts";
import type { FlowVu } from "../flow-vu.ts";
import type { Outcome } from "../outcome.ts";
import { aborted, failed, interrupted } from "../outcome.ts";
import type { StepCompiler } from "../place.ts";
import { retryDelay } from "../retry.ts";
import { waitUntil } from "../wait.ts";
import { type RetryConfig, retrySpec } from "./spec.ts";

/**
 * Runs its steps until they pass, as often as it may. Steps count every time they run. No attempt begins at or after the
 * deadline: where the wait would reach it, the attempt before is the last.
 */
export const retryCompiler: StepCompiler = {
  spec: retrySpec,
  runsAll: true,
  repeats: true,
  compile: (step, place, tags, compileSteps) => {
    const config = step.config as unknown as RetryConfig;
    const { clock } = place;
    const attempt = compileSteps(config.steps as unknown as readonly Step[], place);
    const tryAgain = async (vu: FlowVu, deadline: number, first: Outcome | Promise<Outcome>): Promise<Outcome> => {
      let outcome = await first;
      for (let number = 1; hasFailed(outcome) && number < config.maxAttempts; number++) {
        const next = clock.now() + retryDelay(config, number);
        if (next >= deadline) break;
        if (!(await waitUntil(next, clock, vu.halt))) return interrupted;
        outcome = await attempt(vu, deadline);
      }
      return outcome;
    };
    return {
      durations: [place.recorder.trend("step_duration", tags)],
      run: (vu, deadline) => {
        const first = attempt(vu, deadline);
        return first instanceof Promise || hasFailed(first) ? tryAgain(vu, deadline, first) : first;
      },
    };
  },
};

function hasFailed(outcome: Outcome): boolean {
  return outcome === failed || outcome === aborted;
}
