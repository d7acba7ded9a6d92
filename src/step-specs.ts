import { httpOptions, httpSpec } from "./executors/http/spec.ts";
import { groupSpec } from "./flow/group/spec.ts";
import { sleepSpec } from "./flow/sleep/spec.ts";
import type { StepSpec } from "./protocol/step-spec.ts";

/** One row per step type; its keys are what `type` accepts. */
export const stepSpecs = {
  http: httpSpec,
  sleep: sleepSpec,
  group: groupSpec,
} as const satisfies Record<string, StepSpec>;

/** What step types add to the workflow's options. */
export const stepOptions = {
  http: httpOptions,
} as const;
