import type { Json, JsonObject } from "../protocol/json.ts";
import { resolvePause } from "../protocol/pause.ts";
import type { Path } from "../protocol/step-spec.ts";
import type { Scenario, Step } from "../protocol/workflow.ts";
import { checkShape } from "../document/check-shape.ts";
import type { Findings } from "../document/findings.ts";
import { asMs, asObject, asTexts } from "../protocol/json-values.ts";
import { loadShapes } from "./load-shape.ts";
import { loadFields } from "./mode-fields.ts";
import { applyOverrides, listOverrides, type LoadFields, type Overrides, pathOfOverride } from "./overrides.ts";
import { checkVariables } from "./resolve-checks.ts";
import { resolveLoad } from "./resolve-load.ts";
import { resolveTarget } from "./resolve-slaves.ts";
import type { ErrorRule, StepResolver } from "./resolve-steps.ts";
import type { StepScope } from "./step-scope.ts";
import { suggest } from "../document/suggest.ts";

/** A scenario as checked, and where it was written. */
export interface Draft {
  readonly name: string;
  /** Of what stands in `scenarios`; for a workflow without, the options. */
  readonly path: Path;
  readonly fields: JsonObject;
  readonly load: LoadFields;
  readonly steps: Json | undefined;
}

/** Overrides obey the rules of the file. */
function checkOverrides(value: JsonObject, findings: Findings): JsonObject {
  const checked = Object.entries(value).map(([field, item]) => {
    const shape = loadShapes[field] ?? { kind: "any" };
    return [field, checkShape(item, shape, pathOfOverride(field), findings, () => [])] as const;
  });
  return Object.fromEntries(checked.filter((entry): entry is readonly [string, Json] => entry[1] !== undefined));
}

/** The scenarios of a checked document with what the command line says of them; `default` for one without `scenarios`. */
export function listDrafts(
  root: JsonObject,
  workflowOptions: JsonObject,
  options: { readonly overrides?: Overrides; readonly scenario?: string },
  findings: Findings,
): Draft[] {
  const overrides = checkOverrides(listOverrides(options.overrides ?? {}), findings);
  if (!Object.hasOwn(root, "scenarios")) {
    if (options.scenario !== undefined && options.scenario !== "default") {
      findings.report(
        ["--scenario"],
        `there is no scenario \`${options.scenario}\`; the workflow has only \`default\``,
      );
    }
    if (!Object.hasOwn(root, "steps") && !findings.isWrong(["steps"]))
      findings.report([], "the workflow has no `steps`; give a list of steps, or `scenarios`");
    const load = applyOverrides(onlyLoad(workflowOptions), ["options"], overrides);
    return [{ name: "default", path: ["options"], fields: workflowOptions, load, steps: root["steps"] }];
  }
  if (Object.hasOwn(root, "steps"))
    findings.report(["steps"], "a workflow has `steps` or `scenarios`, not both; move the steps into a scenario", true);
  for (const field of ["mode", ...loadFields]) {
    if (Object.hasOwn(workflowOptions, field))
      findings.report(["options", field], `with \`scenarios\`, \`${field}\` belongs into each scenario`, true);
  }
  const all = Object.entries(asObject(root["scenarios"]));
  if (all.length === 0 && !findings.isWrong(["scenarios"]))
    findings.report(["scenarios"], "there is no scenario; give at least one");
  const { scenario } = options;
  if (scenario !== undefined && !all.some(([name]) => name === scenario)) {
    const names = all.map(([name]) => name);
    findings.report(
      ["--scenario"],
      `there is no scenario \`${scenario}\`; the workflow has ${names.join(", ")}.${suggest(scenario, names)}`,
    );
  }
  const fields = Object.keys(overrides);
  if (fields.length > 0 && scenario === undefined && all.length > 1) {
    findings.report(
      pathOfOverride(fields[0] ?? ""),
      "the workflow has several scenarios; name the one that is meant with --scenario",
    );
  }
  const run = scenario === undefined ? all : all.filter(([name]) => name === scenario);
  return all.map(([name, value]): Draft => {
    const written = asObject(value);
    const chosen = run.length === 1 && run[0]?.[0] === name;
    const path: Path = ["scenarios", name];
    checkVariables(written["variables"], [...path, "variables"], findings);
    return {
      name,
      path,
      fields: written,
      load: applyOverrides(onlyLoad(written), path, chosen ? overrides : {}),
      steps: written["steps"],
    };
  });
}

/** Makes a complete scenario of a draft; null: it has no load, which is reported. */
export function resolveScenario(
  draft: Draft,
  workflowOptions: JsonObject,
  errorRule: ErrorRule,
  phases: Readonly<Record<string, readonly Step[]>>,
  resolver: StepResolver,
  scope: StepScope,
  given: Readonly<Record<string, string>>,
  findings: Findings,
): Scenario | null {
  const { name, fields, path } = draft;
  const steps = resolver.resolve(draft.steps, scope);
  const stepsPath: Path = path[0] === "options" ? ["steps"] : [...path, "steps"];
  if (steps.length === 0 && draft.steps !== undefined && !findings.isWrong(stepsPath))
    findings.report(stepsPath, "there is no step; give at least one");
  const resolved = resolveLoad(draft.load, path, findings);
  const option = (field: string): Json | undefined => fields[field] ?? workflowOptions[field];
  if (resolved === null) return null;
  const own = asObject(fields["variables"]);
  const pause = option("think_time");
  return {
    name,
    ...resolved,
    startTimeMs: asMs(fields["start_time"]) ?? 0,
    gracefulStopMs: asMs(option("graceful_stop")) ?? 30_000,
    pacingMs: asMs(option("pacing")) ?? 0,
    thinkTime: pause === undefined ? null : resolvePause(pause),
    onError: errorRule.onError,
    variables: Object.fromEntries(
      Object.entries(own).map(([key, value]) => [key, Object.hasOwn(given, key) ? (given[key] ?? null) : value]),
    ),
    tags: path[0] === "options" ? {} : asTexts(fields["tags"]),
    targetSlaves:
      path[0] === "options" || fields["target_slaves"] === undefined
        ? null
        : resolveTarget(asObject(fields["target_slaves"]), [...path, "target_slaves"], findings),
    steps,
    vuSetup: phases["vu_setup"] ?? [],
    vuTeardown: phases["vu_teardown"] ?? [],
    preHook: phases["pre_hook"] ?? [],
    postHook: phases["post_hook"] ?? [],
  };
}

function onlyLoad(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([field]) => field === "mode" || loadFields.includes(field)));
}

/** Fields without those of a load. */
export function withoutLoad(fields: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).filter(([field]) => field !== "mode" && !loadFields.includes(field)),
  );
}
