import type { StepSpec } from "../../protocol/step-spec.ts";
import type { Jump } from "../flow-vu.ts";
import { leaving } from "../outcome.ts";
import type { StepCompiler } from "../place.ts";
import { breakSpec, continueSpec, type JumpConfig } from "./spec.ts";

/** Leaves everything up to its loop; takes no time. */
export const breakCompiler = makeCompiler(breakSpec, false);
export const continueCompiler = makeCompiler(continueSpec, true);

function makeCompiler(spec: StepSpec, again: boolean): StepCompiler {
  return {
    spec,
    runsAll: true,
    repeats: false,
    compile: (step) => {
      const jump: Jump = { loop: (step.config as unknown as JumpConfig).loop, again };
      return {
        durations: [],
        run: (vu) => {
          vu.jump = jump;
          return leaving;
        },
      };
    },
  };
}
