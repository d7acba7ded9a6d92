import { groupCompiler } from "./group/compile.ts";
import type { StepCompilers } from "./place.ts";
import { sleepCompiler } from "./sleep/compile.ts";

/** One row per flow type: the steps that need no executor. */
export const stepCompilers = {
  group: groupCompiler,
  sleep: sleepCompiler,
} as const satisfies StepCompilers;
