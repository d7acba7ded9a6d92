import type { Json, JsonObject } from "../../protocol/json.ts";
import { any, choice, describe, object, type Shape, text, union } from "../../protocol/shape.ts";
import { listTemplates, type SpecContext, type SpecText, type StepSpec } from "../../protocol/step-spec.ts";

/** What a loop's config is after definition. */
export interface LoopConfig {
  readonly mode: "for" | "foreach" | "while";
  /** For `for`; a text is a template. */
  readonly count: number | string;
  /** For `foreach`: a list of templates, or a template that yields a list. */
  readonly items: Json;
  readonly item_var: string;
  /** For `while`. */
  readonly condition: string | null;
  readonly max_iterations: number;
  readonly break_condition: string | null;
  readonly continue_condition: string | null;
  readonly label: string | null;
  readonly steps: readonly Json[];
}

const count: Shape = { kind: "number", min: 0, whole: true };
const name: Shape = { kind: "text", pattern: /^[\p{L}_][\p{L}\p{M}\p{N}_]{0,63}$/u, accepts: "a variable's name" };
export const label: Shape = { kind: "text", pattern: /^[\p{L}\p{M}\p{N}_-]{1,64}$/u, accepts: "a label" };
const fields = {
  mode: describe(
    choice("for", "foreach", "while"),
    "How it goes on: `for` counts, `foreach` goes through items, `while` goes on as long as a condition holds. Default: foreach with `items`, while with `condition`, else for.",
  ),
  count: describe(union(count, text), "For `for`: how many passes; a number or a template. Required there."),
  items: describe(
    union({ kind: "list", of: any }, text),
    "For `foreach`: a list, or a template that yields one, such as `${search.output.items}`. Required there.",
  ),
  item_var: describe(name, "For `foreach`: the variable that holds the item. Default: item."),
  condition: describe(text, "For `while`: looked at before each pass. Required there."),
  max_iterations: describe(
    { kind: "number", min: 1, max: 1_000_000_000, whole: true },
    "The loop fails when it would begin one more pass than these. Default: 1000.",
  ),
  break_condition: describe(text, "Looked at before each pass: if true, the loop ends. Default: never."),
  continue_condition: describe(
    text,
    "Looked at before each pass, behind `break_condition`: if true, the pass is left out. Default: never.",
  ),
  label: describe(label, "A name for `break` and `continue` in loops inside. Default: none."),
  steps: describe({ kind: "steps" }, "The steps of each pass. Required."),
} as const satisfies Record<string, Shape>;

/** Runs its steps over and over. */
export const loopSpec: StepSpec = {
  kind: "flow",
  capability: null,
  config: describe(object(fields, ["steps"]), "Runs its steps over and over: for, foreach or while."),
  short: null,
  children: [["steps"]],
  inside: (config) => ({
    variables: findMode(config) === "foreach" ? [String(config["item_var"] ?? "item")] : [],
    loop: { label: typeof config["label"] === "string" ? config["label"] : null, fields: loopFields[findMode(config)] },
  }),
  metrics: [],
  resolve: (config, context) => resolveLoop(config, context) as unknown as JsonObject,
  listTexts,
};

const loopFields = {
  for: ["index", "iteration", "count"],
  foreach: ["index", "iteration", "count", "item"],
  while: ["index", "iteration"],
} as const;

/** Fields of one mode alone. */
const modeFields = { for: ["count"], foreach: ["items", "item_var"], while: ["condition"] } as const;

function findMode(config: JsonObject): LoopConfig["mode"] {
  const { mode } = config;
  if (mode === "for" || mode === "foreach" || mode === "while") return mode;
  if (config["items"] !== undefined) return "foreach";
  return config["condition"] === undefined ? "for" : "while";
}

function resolveLoop(config: JsonObject, context: SpecContext): LoopConfig {
  const mode = findMode(config);
  const [needed] = modeFields[mode];
  if (config[needed] === undefined)
    context.report([], `a \`${mode}\` loop needs \`${needed}\`, under \`config\` or \`loop\``);
  for (const [other, keys] of Object.entries(modeFields)) {
    for (const key of keys) {
      if (other !== mode && config[key] !== undefined)
        context.report([key], `a \`${mode}\` loop has no \`${key}\`, only a \`${other}\` loop`);
    }
  }
  const limit = Number(config["max_iterations"] ?? 1000);
  const { count: passes, items } = config;
  const known = typeof passes === "number" ? passes : Array.isArray(items) ? items.length : 0;
  if (known > limit) {
    const path = typeof passes === "number" ? "count" : "items";
    context.report([path], `${known} passes are more than max_iterations, which is ${limit}; raise \`max_iterations\``);
  }
  if (typeof passes === "string" && !passes.includes("${") && !/^\s*\d+\s*$/.test(passes))
    context.report(["count"], `\`${passes}\` is no number of passes; write a whole number or a template`);
  if (typeof items === "string" && !items.includes("${"))
    context.report(["items"], "the items are a list or a template that yields one, such as `${search.output.items}`");
  return {
    mode,
    count: typeof passes === "string" ? passes : Number(passes ?? 0),
    items: items ?? [],
    item_var: asString(config["item_var"]) ?? "item",
    condition: asString(config["condition"]),
    max_iterations: limit,
    break_condition: asString(config["break_condition"]),
    continue_condition: asString(config["continue_condition"]),
    label: asString(config["label"]),
    steps: (config["steps"] ?? []) as readonly Json[],
  };
}

function listTexts(config: JsonObject): SpecText[] {
  const conditions = ["condition", "break_condition", "continue_condition"].flatMap((key): SpecText[] => {
    const text = config[key];
    return typeof text === "string" ? [{ path: [key], text, as: "expression", inside: true }] : [];
  });
  return [...listTemplates(config["count"], ["count"]), ...listTemplates(config["items"], ["items"]), ...conditions];
}

function asString(value: Json | undefined): string | null {
  return typeof value === "string" ? value : null;
}
