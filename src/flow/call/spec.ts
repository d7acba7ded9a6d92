import type { Json, JsonObject } from "../../protocol/json.ts";
import { any, describe, list, map, object, text, union } from "../../protocol/shape.ts";
import { listTemplates, type SpecContext, type SpecText, type StepSpec } from "../../protocol/step-spec.ts";

/** What a call's config is after definition: what it calls is part of it. */
export interface CallConfig {
  /** Templates of the caller, by parameter. */
  readonly params: JsonObject;
  /** Parameters that are not given: templates of what is called, in order. */
  readonly defaults: readonly (readonly [name: string, value: Json])[];
  /** What is called names these itself: expressions inside. */
  readonly declared: readonly (readonly [name: string, expression: string])[];
  /** Variables of the caller and the expressions inside whose values they get. */
  readonly returns: readonly (readonly [name: string, expression: string])[];
  readonly steps: readonly Json[];
}

const fields = {
  fragment: describe(text, "The name of the fragment to run. Required, unless there is a `workflow`."),
  workflow: describe(
    text,
    "The workflow file whose steps to run, named relative to this one. Required, unless there is a `fragment`.",
  ),
  params: describe(map(any), "Values for the parameters by name. Default: those of the fragment or workflow."),
  results: describe(
    union(list(text), map(text)),
    "What comes back: names, or `{my_variable: expression inside}`. Default: the results that the fragment names.",
  ),
};

/** Runs the steps of a fragment, or of another workflow file, with variables of their own. */
export const callSpec: StepSpec = {
  kind: "flow",
  capability: null,
  config: describe(
    object(fields),
    "Runs the steps of a fragment, or of another workflow file, with variables of their own.",
  ),
  short: "fragment",
  children: [["steps"]],
  inside: (config) => {
    const { params = {}, defaults = [], declared = [] } = config as Partial<CallConfig>;
    return {
      variables: [...Object.keys(params), ...defaults.map(([name]) => name), ...declared.map(([name]) => name)],
    };
  },
  sets: (config) => (config as unknown as CallConfig).returns.map(([name]) => name),
  metrics: [],
  resolve: (config, context) => resolveCall(config, context) as unknown as JsonObject,
  listTexts,
};

function resolveCall(config: JsonObject, context: SpecContext): CallConfig {
  const { fragment, workflow, params = {}, results } = config;
  const nothing: CallConfig = { params: {}, defaults: [], declared: [], returns: [], steps: [] };
  if (typeof fragment === "string" && typeof workflow === "string") {
    context.report(["workflow"], "a call is of a `fragment` or of a `workflow`, not both");
    return nothing;
  }
  const kind = typeof fragment === "string" ? "fragment" : "workflow";
  const name = config[kind];
  if (typeof name !== "string") {
    context.report([], "a call needs a `fragment`, or the file of a `workflow`");
    return nothing;
  }
  const callee = context.findCallee([kind], kind, name);
  if (callee === null) return nothing;
  const given = params as JsonObject;
  const known = callee.params.map(([param]) => param);
  for (const param of Object.keys(given)) {
    if (!known.includes(param))
      context.report(["params", param], `${kind} \`${name}\` has no parameter \`${param}\`; ${listNames(known)}`);
  }
  const open = callee.params.filter(([param]) => !Object.hasOwn(given, param));
  for (const [param, value] of open) {
    if (value === undefined)
      context.report([], `${kind} \`${name}\` needs the parameter \`${param}\`; give it in \`params\``);
  }
  const returns = listReturns(results, callee.results);
  for (const [variable, expression] of returns) {
    callee.checkResult(
      results === undefined ? [] : ["results", ...(Array.isArray(results) ? [] : [variable])],
      expression,
    );
  }
  return {
    params: given,
    defaults: open.map(([param, value]) => [param, value ?? null]),
    declared: Object.entries(callee.results),
    returns,
    steps: callee.steps as unknown as readonly Json[],
  };
}

function listReturns(results: Json | undefined, declared: Readonly<Record<string, string>>): CallConfig["returns"] {
  if (results === undefined) return Object.keys(declared).map((name) => [name, name]);
  if (Array.isArray(results)) return (results as readonly string[]).map((name) => [name, name]);
  return Object.entries(results as Readonly<Record<string, string>>);
}

function listNames(names: readonly string[]): string {
  return names.length === 0 ? "it has none" : `it has ${names.join(", ")}`;
}

/** Of a written config those of the caller; what comes back is checked with what is called. Of a complete one all. */
function listTexts(config: JsonObject): SpecText[] {
  const { params, defaults, declared = [], returns = [] } = config as unknown as Partial<CallConfig>;
  const expressions = [...declared, ...returns].map(
    ([name, expression]): SpecText => ({ path: ["results", name], text: expression, as: "expression" }),
  );
  return [
    ...listTemplates(params, ["params"]),
    ...listTemplates(defaults as unknown as Json | undefined, ["defaults"]),
    ...expressions,
  ];
}
