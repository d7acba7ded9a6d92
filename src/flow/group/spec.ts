import { describe, object } from "../../protocol/shape.ts";
import type { StepSpec } from "../../protocol/step-spec.ts";

/** Runs its steps in order, under a name. */
export const groupSpec: StepSpec = {
  kind: "flow",
  capability: null,
  config: describe(
    object({ steps: describe({ kind: "steps" }, "The steps of the group, run in order. Required.") }, ["steps"]),
    "Runs its steps in order, under a name; their time together is `group_duration`.",
  ),
  short: "steps",
  children: [["steps"]],
  metrics: ["group_duration"],
  resolve: (config) => ({ steps: config["steps"] ?? [] }),
  listTexts: () => [],
};
