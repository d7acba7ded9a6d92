import { describe, flag, object } from "../../protocol/shape.ts";
import type { Json } from "../../protocol/json.ts";
import type { StepSpec } from "../../protocol/step-spec.ts";

/** What a parallel's config is after definition. */
export interface ParallelConfig {
  /** Each is a branch. */
  readonly steps: readonly Json[];
  readonly concurrency: number;
  readonly fail_fast: boolean;
}

/** Runs its steps side by side. */
export const parallelSpec: StepSpec = {
  kind: "flow",
  capability: null,
  config: describe(
    object(
      {
        steps: describe(
          { kind: "steps" },
          "The branches, each one step (a `group` for several). A branch sees the variables as they were before; what " +
            "the branches set is put together at the end, in the order of the list. Required.",
        ),
        concurrency: describe(
          { kind: "number", min: 1, max: 1000, whole: true },
          "How many branches run at the same time. Default: 20.",
        ),
        fail_fast: describe(
          flag,
          "When a branch aborts, begin no more steps in the others; requests under way are finished. Default: false.",
        ),
      },
      ["steps"],
    ),
    "Runs its steps side by side.",
  ),
  short: "steps",
  children: [["steps"]],
  inside: () => ({ sealed: true }),
  metrics: [],
  resolve: (config) => ({
    steps: config["steps"] ?? [],
    concurrency: config["concurrency"] ?? 20,
    fail_fast: config["fail_fast"] === true,
  }),
  listTexts: () => [],
};
