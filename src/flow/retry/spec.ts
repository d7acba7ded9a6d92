import { describe, duration, object, choice } from "../../protocol/shape.ts";
import type { StepSpec } from "../../protocol/step-spec.ts";
import type { Json, JsonObject } from "../../protocol/json.ts";
import { asMs } from "../../protocol/json-values.ts";
import type { Retry } from "../../protocol/workflow.ts";

/** What a retry's config is after definition. */
export interface RetryConfig extends Retry {
  readonly steps: readonly Json[];
}

const fields = {
  steps: describe({ kind: "steps" }, "The steps to run until all of them pass. Required."),
  max_attempts: describe(
    { kind: "number", min: 1, max: 1000, whole: true },
    "How often the steps are run in all, the first time included. Default: 3.",
  ),
  delay: describe(duration, "Wait before the second attempt, such as `500ms`. Default: 1s."),
  backoff: describe(
    choice("fixed", "linear", "exponential"),
    "How the wait grows: not at all, by `delay` each time, or doubling. Default: fixed.",
  ),
  max_delay: describe(duration, "The longest wait between two attempts, such as `10s`. Default: 30s."),
};

/** Runs its steps again until all of them pass. */
export const retrySpec: StepSpec = {
  kind: "flow",
  capability: null,
  config: describe(object(fields, ["steps"]), "Runs its steps again until all of them pass."),
  short: "steps",
  children: [["steps"]],
  metrics: [],
  resolve: (config) => resolveRetry(config) as unknown as JsonObject,
  listTexts: () => [],
};

function resolveRetry(config: JsonObject): RetryConfig {
  const { max_attempts: attempts, delay, backoff, max_delay: maxDelay, steps } = config;
  return {
    steps: (steps ?? []) as readonly Json[],
    maxAttempts: typeof attempts === "number" ? attempts : 3,
    delayMs: asMs(delay) ?? 1000,
    backoff: (backoff ?? "fixed") as Retry["backoff"],
    maxDelayMs: asMs(maxDelay) ?? 30_000,
  };
}
