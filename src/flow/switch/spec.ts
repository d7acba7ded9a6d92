import type { Json, JsonObject } from "../../protocol/json.ts";
import { describe, list, object, type Shape, text } from "../../protocol/shape.ts";
import type { SpecContext, SpecText, StepSpec } from "../../protocol/step-spec.ts";

/** What a switch's config is after definition. */
export interface SwitchConfig {
  /** Either all with a weight, or with expressions. */
  readonly cases: readonly SwitchCase[];
  /** For expressions: where none is true. */
  readonly default: readonly Json[];
}

export interface SwitchCase {
  readonly weight: number | null;
  readonly expression: string | null;
  readonly steps: readonly Json[];
}

const steps: Shape = { kind: "steps" };
const fields = {
  cases: describe(
    list(
      object(
        {
          weight: describe(
            { kind: "number", min: 0, max: 1e9 },
            "How often this case is drawn, relative to the weights of the others. Default: none; then `expression`.",
          ),
          expression: describe(
            text,
            "The case runs if this is true and none before was. Default: none; then `weight`.",
          ),
          steps: describe(steps, "Steps to run. Required."),
        },
        ["steps"],
      ),
      1,
    ),
    "The cases, all with `weight` or all with `expression`; exactly one of them runs. Required.",
  ),
  default: describe(steps, "Steps to run if no `expression` is true. Default: none."),
};

/** Runs one of several cases: drawn by weight, or the first whose expression is true. */
export const switchSpec: StepSpec = {
  kind: "flow",
  capability: null,
  config: describe(object(fields, ["cases"]), "Runs one of several cases: drawn by weight, or the first that is true."),
  short: "cases",
  children: [["cases", "*", "steps"], ["default"]],
  metrics: [],
  resolve: (config, context) => resolveSwitch(config, context) as unknown as JsonObject,
  listTexts: (config) =>
    listCases(config).flatMap(({ expression }, index): SpecText[] =>
      typeof expression === "string"
        ? [{ path: ["cases", index, "expression"], text: expression, as: "expression" }]
        : [],
    ),
};

function resolveSwitch(config: JsonObject, { report }: SpecContext): SwitchConfig {
  const cases = listCases(config);
  const weighted = cases.some((one) => one["weight"] !== undefined);
  for (const [index, one] of cases.entries()) {
    const path = ["cases", index] as const;
    if (weighted && one["expression"] !== undefined)
      report([...path, "expression"], "cases have all a `weight` or all an `expression`; keep one of the two");
    else if (one[weighted ? "weight" : "expression"] === undefined)
      report(
        path,
        weighted ? "the case needs a `weight` as the others have" : "the case needs a `weight` or an `expression`",
      );
  }
  if (weighted && cases.every((one) => one["weight"] === 0))
    report(["cases"], "all weights are 0; nothing could be drawn");
  if (weighted && config["default"] !== undefined)
    report(["default"], "with weights one of the cases always runs; make `default` a case with a weight");
  return {
    cases: cases.map((one) => ({
      weight: typeof one["weight"] === "number" ? one["weight"] : null,
      expression: typeof one["expression"] === "string" ? one["expression"] : null,
      steps: (one["steps"] ?? []) as readonly Json[],
    })),
    default: (config["default"] ?? []) as readonly Json[],
  };
}

function listCases({ cases }: JsonObject): readonly JsonObject[] {
  return Array.isArray(cases) ? (cases as readonly JsonObject[]) : [];
}
