import type { Json, JsonObject } from "../../protocol/json.ts";
import { choice, describe, list, object, type Shape, text } from "../../protocol/shape.ts";
import type { SpecContext, SpecText, StepSpec } from "../../protocol/step-spec.ts";

/** What a condition's config is after definition. */
export interface ConditionConfig {
  /** The first whose expression is true runs; null: runs where none before it did. */
  readonly branches: readonly { readonly expression: string | null; readonly steps: readonly Json[] }[];
}

const steps: Shape = { kind: "steps" };
const expression = describe(text, "What must be true, such as `${login.status_code} == 200`. Required.");
const fields = {
  expression: describe(text, "Decides: `then` runs if it is true. Required, unless there are `branches`."),
  then: describe(steps, "Steps to run if `expression` is true. Default: none."),
  else_if: describe(
    list(
      object({ expression, steps: describe(steps, "Steps to run if it is true. Required.") }, ["expression", "steps"]),
    ),
    "Further expressions, looked at in order while none before was true, each with its `steps`. Default: none.",
  ),
  else: describe(steps, "Steps to run if nothing was true. Default: none."),
  branches: describe(
    list(
      object(
        {
          kind: describe(choice("if", "else_if", "else"), "The first is `if`, the last may be `else`. Required."),
          expression: describe(text, "What must be true. Required, but for `else`, which has none."),
          steps: describe(steps, "Steps to run. Required."),
        },
        ["kind", "steps"],
      ),
      1,
    ),
    "The same as `expression`, `then`, `else_if` and `else`, as one list. Default: none.",
  ),
};

/** Runs the steps of the first branch whose expression is true. */
export const conditionSpec: StepSpec = {
  kind: "flow",
  capability: null,
  config: describe(object(fields), "Runs the steps of the first branch whose expression is true."),
  short: null,
  children: [["then"], ["else_if", "*", "steps"], ["else"], ["branches", "*", "steps"]],
  metrics: [],
  resolve: (config, context) => ({ branches: listBranches(config, context) as unknown as Json }),
  listTexts,
};

function listBranches(config: JsonObject, context: SpecContext): ConditionConfig["branches"] {
  const { expression: first, then, else_if: more = [], else: last, branches } = config;
  if (branches === undefined) {
    if (first === undefined) context.report([], "a condition needs an `expression`, or `branches`");
    else if (then === undefined && more === undefined && last === undefined)
      context.report([], "the condition has no steps; give `then`");
    return [
      { expression: String(first), steps: asSteps(then) },
      ...asObjects(more).map((entry) => ({ expression: String(entry["expression"]), steps: asSteps(entry["steps"]) })),
      ...(last === undefined ? [] : [{ expression: null, steps: asSteps(last) }]),
    ];
  }
  for (const key of ["expression", "then", "else_if", "else"]) {
    if (Object.hasOwn(config, key)) context.report([key], "`branches` says all of it; keep one of the two forms");
  }
  const entries = asObjects(branches);
  return entries.map(({ kind, expression: test, steps: inside }, index) => {
    const path = ["branches", index] as const;
    if (index === 0 ? kind !== "if" : kind === "if")
      context.report([...path, "kind"], "the first branch is `if`, those after it are `else_if` or `else`");
    if (kind === "else" && index !== entries.length - 1)
      context.report([...path, "kind"], "nothing behind `else` can run; make it the last branch");
    if (kind === "else" && test !== undefined)
      context.report(
        [...path, "expression"],
        "`else` runs where nothing was true and has no expression; use `else_if`",
      );
    if (kind !== "else" && test === undefined) context.report(path, "the branch needs an `expression`");
    return { expression: kind === "else" ? null : String(test), steps: asSteps(inside) };
  });
}

function listTexts(config: JsonObject): SpecText[] {
  const found: SpecText[] = [];
  const note = (value: Json | undefined, path: SpecText["path"]): void => {
    if (typeof value === "string") found.push({ path, text: value, as: "expression" });
  };
  note(config["expression"], ["expression"]);
  for (const key of ["else_if", "branches"]) {
    for (const [index, entry] of asObjects(config[key]).entries())
      note(entry["expression"], [key, index, "expression"]);
  }
  return found;
}

function asObjects(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly JsonObject[]) : [];
}

function asSteps(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
