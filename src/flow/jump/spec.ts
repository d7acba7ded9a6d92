import type { JsonObject } from "../../protocol/json.ts";
import { describe, object } from "../../protocol/shape.ts";
import type { SpecContext, StepSpec } from "../../protocol/step-spec.ts";
import { label } from "../loop/spec.ts";

/** What a jump's config is after definition. */
export interface JumpConfig {
  /** The id of the loop that it means. */
  readonly loop: string;
}

/** Ends the loop around it. */
export const breakSpec = makeSpec("break", "Ends the loop around it, or the one with the label.");
/** Ends the running pass of the loop around it. */
export const continueSpec = makeSpec(
  "continue",
  "Goes on with the next pass of the loop around it, or of the one with the label.",
);

function makeSpec(type: string, description: string): StepSpec {
  return {
    kind: "flow",
    capability: null,
    config: describe(
      object({ label: describe(label, "The label of the loop that is meant. Default: the innermost loop around.") }),
      description,
    ),
    short: "label",
    children: [],
    metrics: [],
    resolve: (config, context) => ({ ...resolveJump(type, config, context) }),
    listTexts: () => [],
  };
}

function resolveJump(type: string, { label: wanted }: JsonObject, { loops, report }: SpecContext): JumpConfig {
  const meant = wanted === undefined ? loops.at(-1) : loops.findLast((loop) => loop.label === wanted);
  if (meant === undefined) {
    if (wanted === undefined) report([], `there is no loop around this \`${type}\` that it could leave`);
    else {
      const labels = loops.flatMap((loop) => loop.label ?? []);
      const known = labels.length === 0 ? "no loop around has one" : `there are ${labels.join(", ")}`;
      report(["label"], `no loop around has the label \`${String(wanted)}\`; ${known}`);
    }
  }
  return { loop: meant?.stepId ?? "" };
}
