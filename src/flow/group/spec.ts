import { object } from "../../protocol/shape.ts";
import type { StepSpec } from "../../protocol/step-spec.ts";

/** Runs its steps in order, under a name. */
export const groupSpec: StepSpec = {
  kind: "flow",
  capability: null,
  config: object({ steps: { kind: "steps" } }, ["steps"]),
  short: "steps",
  children: ["steps"],
  metrics: ["group_duration"],
  resolve: () => ({}),
  listTexts: () => [],
};
