import { basename, extname } from "node:path";
import type { Json, JsonObject } from "../protocol/json.ts";
import { resolvePause } from "../protocol/pause.ts";
import { listTemplates, type Path, type SpecText } from "../protocol/step-spec.ts";
import type { HttpDefaults, MetricType, Scenario, Step, Workflow } from "../protocol/workflow.ts";
import { stepOptions } from "../step-specs.ts";
import { checkShape } from "./check-shape.ts";
import { createStepChecker } from "./check-steps.ts";
import { checkTexts } from "./check-texts.ts";
import type { Findings } from "./findings.ts";
import { asMs, asObject, asText, asTexts } from "./json-values.ts";
import { lookupMetric } from "../measure/catalog.ts";
import { loadFields } from "./mode-fields.ts";
import { applyOverrides, listOverrides, type LoadFields, type Overrides, pathOfOverride } from "./overrides.ts";
import { showValue } from "./path.ts";
import { reservedNames } from "./resolve-checks.ts";
import { resolveLoad } from "./resolve-load.ts";
import { resolveSlaves } from "./resolve-slaves.ts";
import {
  createStepResolver,
  defaultErrorRule,
  type ErrorRule,
  resolveErrorRule,
  type StepResolver,
} from "./resolve-steps.ts";
import { resolveThresholds } from "./resolve-thresholds.ts";
import { type KnownValues, settleOptions } from "./settle-options.ts";
import { suggest } from "./suggest.ts";
import { loadShapes, workflowShape } from "./workflow-shape.ts";

export interface ResolveOptions {
  readonly fileName: string | null;
  readonly overrides?: Overrides;
  readonly variables?: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly missingEnv?: "problem" | "warning";
  readonly scenario?: string;
  /** null: cannot be read, reported. */
  readonly readFile: (path: Path, name: string) => string | null;
}

/** A scenario as checked, and where it was written. */
interface Draft {
  readonly name: string;
  /** Of what stands in `scenarios`; for a workflow without, the options. */
  readonly path: Path;
  readonly fields: JsonObject;
  readonly load: LoadFields;
  readonly steps: Json | undefined;
}

/** Phases of the workflow whose steps every scenario shares. */
const sharedPhases = ["setup", "vu_setup", "pre_hook", "post_hook", "vu_teardown", "teardown"] as const;

/** Makes a complete workflow of a document; everything wrong goes to `findings`. null: it is beyond use. */
export function resolveWorkflow(document: Json, options: ResolveOptions, findings: Findings): Workflow | null {
  if (!isObject(document)) {
    findings.report([], `${showValue(document)} is not a workflow; write a map with \`steps\``);
    return null;
  }
  const given = options.variables ?? {};
  const known: KnownValues = {
    variables: { ...asObject(document["variables"]), ...given },
    env: options.env,
    envMayGrow: options.missingEnv === "warning",
  };
  const settled = settleOptions(document, known, findings);
  const checker = createStepChecker(findings);
  const root = asObject(checkShape(settled, workflowShape, [], findings, checker.checkSteps));
  const workflowOptions = asObject(root["options"]);
  checkVariables(root["variables"], ["variables"], findings);
  checkMetrics(root["metrics"], findings);

  const http = resolveHttp(root, workflowOptions, options, findings);
  const errorRule = resolveErrorRule(workflowOptions["on_error"], undefined, defaultErrorRule);
  const drafts = listDrafts(root, workflowOptions, options, findings, (value) =>
    asObject(checkOverrides(value, findings)),
  );
  const steps = createStepResolver({
    findings,
    placeOf: checker.placeOf,
    errorRule,
    context: { http: http.defaults, httpOptions: http.options, insecure: options.overrides?.insecure ?? false },
    readFile: options.readFile,
    explicitIds: listIds(root),
  });
  const phases = Object.fromEntries(sharedPhases.map((phase) => [phase, steps.resolve(root[phase])]));
  const scenarios = drafts.map((draft) =>
    resolveScenario(draft, workflowOptions, errorRule, phases, steps, given, findings),
  );
  const metrics = asObject(root["metrics"]) as Readonly<Record<string, MetricType>>;
  const stepIds = new Set(steps.ids.keys());
  const thresholds = resolveThresholds(
    workflowOptions["thresholds"],
    ["options", "thresholds"],
    metrics,
    stepIds,
    findings,
  );
  const slaves = resolveSlaves(workflowOptions, ["options"], findings);
  const variables = { ...asObject(root["variables"]), ...given };
  const scenarioVariables = Object.values(asObject(root["scenarios"])).flatMap((scenario) =>
    Object.keys(asObject(asObject(scenario)["variables"])),
  );
  checkTexts(
    [...listSharedTexts(root, workflowOptions, http, given), ...steps.texts],
    {
      variables: new Set([...Object.keys(variables), ...scenarioVariables, ...steps.assigned]),
      stepIds,
      env: options.env,
      envMayGrow: known.envMayGrow,
    },
    findings,
  );
  const id = asText(root["id"]) ?? makeId(options.fileName);
  if (id === "latest") findings.report(["id"], "the id `latest` is reserved; choose another");
  if (findings.hasProblems()) return null;

  const [single] = drafts;
  return {
    id,
    name: asText(root["name"]) ?? id,
    description: asText(root["description"]),
    version: asText(root["version"]),
    variables,
    metrics,
    http: http.defaults,
    scenarios: scenarios
      .filter((scenario) => scenario !== null)
      .filter(({ name }) => options.scenario === undefined || name === options.scenario),
    setup: phases["setup"] ?? [],
    teardown: phases["teardown"] ?? [],
    setupTimeoutMs: asMs(workflowOptions["setup_timeout"]) ?? 60_000,
    teardownTimeoutMs: asMs(workflowOptions["teardown_timeout"]) ?? 60_000,
    warmUpMs: asMs(workflowOptions["warm_up"]) ?? 0,
    thresholds,
    ...slaves,
    tags: asTexts(workflowOptions["tags"]),
    options:
      Object.hasOwn(root, "scenarios") || single === undefined
        ? workflowOptions
        : { ...withoutLoad(workflowOptions), ...single.load.values },
  };
}

function checkVariables(value: Json | undefined, path: Path, findings: Findings): void {
  for (const name of Object.keys(asObject(value))) {
    if (reservedNames.includes(name))
      findings.report([...path, name], `\`${name}\` is a name of the expression language; choose another`, true);
  }
}

function checkMetrics(value: Json | undefined, findings: Findings): void {
  for (const name of Object.keys(asObject(value))) {
    if (lookupMetric(name, {}) !== undefined)
      findings.report(["metrics", name], `\`${name}\` is a built-in metric; choose another name`, true);
  }
}

interface Http {
  readonly defaults: HttpDefaults;
  readonly options: JsonObject;
  readonly path: Path;
}

function resolveHttp(
  root: JsonObject,
  workflowOptions: JsonObject,
  { overrides, readFile }: ResolveOptions,
  findings: Findings,
): Http {
  const twice = Object.hasOwn(root, "http") && Object.hasOwn(workflowOptions, "http");
  if (twice) findings.report(["http"], "`http` and `options.http` are the same; keep one", true);
  const path: Path = Object.hasOwn(root, "http") ? ["http"] : ["options", "http"];
  const written = asObject(root["http"] ?? workflowOptions["http"]);
  const defaults = stepOptions.http.resolve(written, {
    insecure: overrides?.insecure ?? false,
    report: (inner, message) => findings.report([...path, ...inner], message),
    warn: (inner, message) => findings.warn([...path, ...inner], message),
    readFile: (inner, name) => readFile([...path, ...inner], name),
  });
  return { defaults, options: written, path };
}

/** Overrides obey the rules of the file. */
function checkOverrides(value: JsonObject, findings: Findings): Json {
  const checked = Object.entries(value).map(([field, item]) => {
    const shape = loadShapes[field] ?? { kind: "any" };
    return [field, checkShape(item, shape, pathOfOverride(field), findings, () => [])] as const;
  });
  return Object.fromEntries(checked.filter((entry): entry is readonly [string, Json] => entry[1] !== undefined));
}

function listDrafts(
  root: JsonObject,
  workflowOptions: JsonObject,
  options: ResolveOptions,
  findings: Findings,
  check: (overrides: JsonObject) => JsonObject,
): Draft[] {
  const overrides = check(listOverrides(options.overrides ?? {}));
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

function resolveScenario(
  draft: Draft,
  workflowOptions: JsonObject,
  errorRule: ErrorRule,
  phases: Readonly<Record<string, readonly Step[]>>,
  resolver: StepResolver,
  given: Readonly<Record<string, string>>,
  findings: Findings,
): Scenario | null {
  const { name, fields, path } = draft;
  const steps = resolver.resolve(draft.steps);
  const stepsPath: Path = path[0] === "options" ? ["steps"] : [...path, "steps"];
  if (steps.length === 0 && draft.steps !== undefined && !findings.isWrong(stepsPath))
    findings.report(stepsPath, "there is no step; give at least one");
  const load = resolveLoad(draft.load, path, findings);
  const option = (field: string): Json | undefined => fields[field] ?? workflowOptions[field];
  if (load === null) return null;
  const own = asObject(fields["variables"]);
  const pause = option("think_time");
  return {
    name,
    load,
    startTimeMs: asMs(fields["start_time"]) ?? 0,
    gracefulStopMs: asMs(option("graceful_stop")) ?? 30_000,
    pacingMs: asMs(option("pacing")) ?? 0,
    thinkTime: pause === undefined ? null : resolvePause(pause),
    onError: errorRule.onError,
    variables: Object.fromEntries(
      Object.entries(own).map(([key, value]) => [key, Object.hasOwn(given, key) ? (given[key] ?? null) : value]),
    ),
    tags: path[0] === "options" ? {} : asTexts(fields["tags"]),
    steps,
    vuSetup: phases["vu_setup"] ?? [],
    vuTeardown: phases["vu_teardown"] ?? [],
    preHook: phases["pre_hook"] ?? [],
    postHook: phases["post_hook"] ?? [],
  };
}

/** Templates outside of steps. */
function listSharedTexts(
  root: JsonObject,
  workflowOptions: JsonObject,
  http: Http,
  given: Readonly<Record<string, string>>,
): SpecText[] {
  const { tls: _tls, ...httpTexts } = http.options;
  const variables = Object.entries(asObject(root["variables"])).filter(([name]) => !Object.hasOwn(given, name));
  const scenarios = Object.entries(asObject(root["scenarios"])).flatMap(([name, value]) => {
    const { variables: own, think_time: pause } = asObject(value);
    return [
      ...listTemplates(own, ["scenarios", name, "variables"]),
      ...listTemplates(pause, ["scenarios", name, "think_time"]),
    ];
  });
  return [
    ...listTemplates(Object.fromEntries(variables), ["variables"]),
    ...listTemplates(httpTexts, http.path),
    ...listTemplates(workflowOptions["think_time"], ["options", "think_time"]),
    ...scenarios,
  ];
}

function onlyLoad(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([field]) => field === "mode" || loadFields.includes(field)));
}

function withoutLoad(fields: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).filter(([field]) => field !== "mode" && !loadFields.includes(field)),
  );
}

/** Every id that a step of the document gives itself, wherever it stands. */
function listIds(value: Json, found = new Set<string>()): Set<string> {
  if (typeof value !== "object" || value === null) return found;
  for (const [key, item] of Object.entries(value)) {
    if (key === "id" && typeof item === "string") found.add(item);
    else listIds(item, found);
  }
  return found;
}

/** `load tests/登录.v2.yaml` is `登录-v2`. */
function makeId(fileName: string | null): string {
  if (fileName === null) return "workflow";
  const stem = basename(fileName, extname(fileName));
  const id = stem.replaceAll(/[^\p{L}\p{M}\p{N}_-]+/gu, "-").slice(0, 64);
  if (/^-*$/.test(id)) return "workflow";
  return id === "latest" ? "latest-workflow" : id;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
