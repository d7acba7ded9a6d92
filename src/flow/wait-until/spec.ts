import { describe, object, type Shape, text } from "../../protocol/shape.ts";
import { listTemplates, type StepSpec } from "../../protocol/step-spec.ts";
import type { Json } from "../../protocol/json.ts";
import { parseDuration } from "../../quantity.ts";

/** What a wait_until's config is after definition. Times are milliseconds, or templates that yield durations. */
export interface WaitUntilConfig {
  readonly condition: string;
  readonly timeout: number | string;
  readonly interval: number | string;
  readonly steps: readonly Json[];
}

const time: Shape = { kind: "duration", positive: true, templates: true };

/** Waits until a condition holds. */
export const waitUntilSpec: StepSpec = {
  kind: "flow",
  capability: null,
  config: describe(
    object(
      {
        condition: describe(text, "What is waited for, such as `${job.output.state} == done`. Required."),
        timeout: describe(time, "After so much time without it the step fails, such as `1m`. Default: 30s."),
        interval: describe(time, "The wait between two looks, such as `500ms`. Default: 1s."),
        steps: describe({ kind: "steps" }, "Steps to run before each look, such as a request. Default: none."),
      },
      ["condition"],
    ),
    "Waits until a condition holds; runs steps before each look at it.",
  ),
  short: null,
  children: [["steps"]],
  metrics: [],
  resolve: ({ condition, timeout, interval, steps }) => ({
    condition: condition ?? "",
    timeout: resolveTime(timeout, 30_000),
    interval: resolveTime(interval, 1000),
    steps: steps ?? [],
  }),
  listTexts: ({ condition, timeout, interval }) => [
    ...(typeof condition === "string" ? [{ path: ["condition"], text: condition, as: "expression" } as const] : []),
    ...listTemplates(timeout, ["timeout"]),
    ...listTemplates(interval, ["interval"]),
  ],
};

function resolveTime(value: Json | undefined, otherwise: number): number | string {
  if (typeof value !== "string" && typeof value !== "number") return otherwise;
  return parseDuration(value) ?? String(value);
}
