import { hideCredentials } from "./hide-credentials.ts";
import { basename } from "node:path";
import type { Json, JsonObject } from "../protocol/json.ts";
import { listTemplates, type Path, type SpecText } from "../protocol/step-spec.ts";
import type { HttpDefaults, MetricType, Step, Workflow } from "../protocol/workflow.ts";
import { stepOptions } from "../step-specs.ts";
import { checkShape } from "../document/check-shape.ts";
import { checkRendezvous } from "./check-rendezvous.ts";
import { type Calls, createFindCallee } from "./callees.ts";
import { createStepChecker, maxNesting, maxSteps } from "./check-steps.ts";
import { checkTexts, type PossibleNames } from "./check-texts.ts";
import type { Findings } from "../document/findings.ts";
import type { FileDesk } from "./file-desk.ts";
import { asMs, asNumber, asObject, asText, asTexts } from "../protocol/json-values.ts";
import { lookupMetric } from "../measure/catalog.ts";
import type { Overrides } from "./overrides.ts";
import { showValue } from "../document/path.ts";
import { checkVariables } from "./resolve-checks.ts";
import { resolveFeeders } from "./resolve-feeders.ts";
import { maskOutputs, resolveOutputs } from "./resolve-outputs.ts";
import { listDrafts, resolveScenario, withoutLoad } from "./resolve-scenario.ts";
import { resolveSearched } from "./resolve-limit.ts";
import { resolveSlaves } from "./resolve-slaves.ts";
import { createStepResolver, defaultErrorRule, resolveErrorRule, type StepResolver } from "./resolve-steps.ts";
import { createStepIds } from "./step-ids.ts";
import { createStepMeasure } from "./measure-steps.ts";
import { listIds } from "./list-ids.ts";
import { makeId } from "./make-id.ts";
import { loadCalled, type SharedDefinition } from "./load-called.ts";
import { createScope } from "./step-scope.ts";
import { resolveThresholds } from "./resolve-thresholds.ts";
import { type KnownValues, settleOptions } from "./settle-options.ts";
import { visitSteps } from "./visit-steps.ts";
import { warnOfDirectSteps } from "./warn-direct-steps.ts";
import { workflowShape } from "./workflow-shape.ts";

export interface ResolveOptions {
  readonly fileName: string | null;
  readonly overrides?: Overrides;
  readonly variables?: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly missingEnv?: "problem" | "warning";
  readonly scenario?: string;
  readonly files: FileDesk;
}

/** Phases of the workflow whose steps every scenario shares. */
const sharedPhases = ["setup", "vu_setup", "pre_hook", "post_hook", "vu_teardown", "teardown"] as const;

/** What these set outlives the iteration: every body of steps sees it. */
const lastingPhases: ReadonlySet<string> = new Set(["setup", "vu_setup"]);

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
  const libs = resolveLibs(root["libs"], options, findings);
  const feeders = resolveFeeders(root["data"], options.files, findings);
  const errorRule = resolveErrorRule(workflowOptions["on_error"], undefined, defaultErrorRule);
  const drafts = listDrafts(root, workflowOptions, options, findings);
  const main = createScope(new Set());
  const lasting = createScope(new Set());
  const shared: SharedDefinition = {
    errorRule,
    context: { http: http.defaults, libs, insecure: options.overrides?.insecure ?? false },
    ids: createStepIds(),
    lasting: lasting.assigned,
    calls: createCalls(options.fileName),
    given,
    env: { env: options.env, envMayGrow: known.envMayGrow },
    files: options.files,
    later: [],
  };
  shared.ids.reserve(listIds(root));
  const findCallee = createFindCallee({
    calls: shared.calls,
    file: "",
    fragments: root["fragments"],
    resolver: () => steps,
    findings,
    load: (file, path) => loadCalled(file, { path, findings, origin: path }, shared),
  });
  const steps: StepResolver = createStepResolver({
    ...shared,
    findings,
    placeOf: checker.placeOf,
    file: "",
    findCallee,
  });
  const phases = Object.fromEntries(
    sharedPhases.map((phase) => [phase, steps.resolve(root[phase], lastingPhases.has(phase) ? lasting : main)]),
  );
  const scenarios = drafts.map((draft) =>
    resolveScenario(draft, workflowOptions, errorRule, phases, steps, main, given, findings),
  );
  checkRendezvous(
    phases,
    scenarios.flatMap((scenario, at) => (scenario === null ? [] : [[scenario, drafts[at]?.path ?? []] as const])),
    findings,
  );
  // Also fragments that nobody calls are checked.
  for (const name of Object.keys(asObject(root["fragments"]))) findCallee("fragment", name, ["fragments", name]);
  const allSteps = [...Object.values(phases), ...scenarios.map((scenario) => scenario?.steps ?? [])];
  checkExtent(allSteps, findings);
  warnOfDirectSteps(allSteps.flat(), http.defaults.proxy, findings);
  const metrics = asObject(root["metrics"]) as Readonly<Record<string, MetricType>>;
  const stepIds = shared.ids.all;
  const run = scenarios
    .filter((scenario) => scenario !== null)
    .filter(({ name }) => options.scenario === undefined || name === options.scenario);
  const written = resolveThresholds(
    workflowOptions["thresholds"],
    ["options", "thresholds"],
    {
      metrics,
      steps: stepIds,
      scenarios: new Set(drafts.map(({ name }) => name)),
      chosen:
        options.scenario === undefined
          ? null
          : {
              scenario: options.scenario,
              steps: findIds([...run.flatMap(({ steps: own }) => own), ...Object.values(phases).flat()]),
            },
    },
    findings,
  );
  const thresholds = resolveSearched(written, run, drafts, findings);
  const slaves = resolveSlaves(workflowOptions, ["options"], findings);
  const outputs = resolveOutputs(workflowOptions, findings);
  const variables = { ...asObject(root["variables"]), ...given };
  const scenarioVariables = Object.values(asObject(root["scenarios"])).flatMap((scenario) =>
    Object.keys(asObject(asObject(scenario)["variables"])),
  );
  const possible: PossibleNames = {
    variables: new Set([...Object.keys(variables), ...scenarioVariables, ...lasting.assigned]),
    stepIds,
    env: options.env,
    envMayGrow: known.envMayGrow,
    anyVariable: steps.assignsAny,
    // Of one that is wrong nothing is known; it is a problem already.
    feeders: new Map([
      ...Object.keys(asObject(root["data"])).map((name) => [name, null] as const),
      ...feeders.map(({ feeder, columns }) => [feeder.name, columns] as const),
    ]),
  };
  const sharedTexts = listSharedTexts(root, workflowOptions, http, given).map((text) => ({ ...text, scope: main }));
  checkTexts([...sharedTexts, ...steps.texts], possible, findings);
  for (const finish of shared.later) finish(possible);
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
    libs,
    http: http.defaults,
    files: options.files.used,
    feeders: feeders.map(({ feeder }) => feeder),
    seed: asNumber(workflowOptions["seed"]),
    locale: asText(workflowOptions["locale"]) ?? "en",
    scenarios: run,
    setup: phases["setup"] ?? [],
    teardown: phases["teardown"] ?? [],
    connections: asObject(root["connections"]) as Readonly<Record<string, JsonObject>>,
    setupTimeoutMs: asMs(workflowOptions["setup_timeout"]) ?? 60_000,
    teardownTimeoutMs: asMs(workflowOptions["teardown_timeout"]) ?? 60_000,
    warmUpMs: asMs(workflowOptions["warm_up"]) ?? 0,
    thresholds,
    ...slaves,
    tags: asTexts(workflowOptions["tags"]),
    outputs,
    options: maskOutputs(
      hideCredentials(
        Object.hasOwn(root, "scenarios") || single === undefined
          ? workflowOptions
          : { ...withoutLoad(workflowOptions), ...single.load.values },
      ),
      outputs,
    ),
  };
}

function createCalls(fileName: string | null): Calls {
  const own = fileName === null ? [] : [{ key: basename(fileName), name: basename(fileName) }];
  return { known: new Map(), underway: own };
}

function findIds(steps: readonly Step[]): ReadonlySet<string> {
  const ids = new Set<string>();
  visitSteps(steps, ({ id }) => void ids.add(id));
  return ids;
}

/** With what every call runs in its place. */
function checkExtent(lists: readonly (readonly Step[])[], findings: Findings): void {
  const measure = createStepMeasure();
  const all = lists.map(measure);
  const count = all.reduce((sum, list) => sum + list.count, 0);
  const depth = Math.max(0, ...all.map((list) => list.depth));
  if (count > maxSteps)
    findings.report(
      [],
      `the workflow has ${count} steps, those of every call counted; at most ${maxSteps} are accepted`,
    );
  if (depth > maxNesting)
    findings.report([], `steps stand inside steps ${depth} deep, calls counted; at most ${maxNesting} are accepted`);
}

function checkMetrics(value: Json | undefined, findings: Findings): void {
  for (const name of Object.keys(asObject(value))) {
    if (lookupMetric(name, {}) !== undefined)
      findings.report(["metrics", name], `\`${name}\` is a built-in metric; choose another name`, true);
  }
}

function resolveLibs(
  value: Json | undefined,
  { files }: ResolveOptions,
  findings: Findings,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(asObject(value)).map(([name, lib]) => [
      name,
      stepOptions.libs.resolve(lib, {
        report: (inner, message, inside) => findings.report(["libs", name, ...inner], message, false, inside),
        readFile: (inner, file) => files.readText(["libs", name, ...inner], file),
      }),
    ]),
  );
}

interface Http {
  readonly defaults: HttpDefaults;
  readonly options: JsonObject;
  readonly path: Path;
}

function resolveHttp(
  root: JsonObject,
  workflowOptions: JsonObject,
  { overrides, files }: ResolveOptions,
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
    readFile: (inner, name) => files.readText([...path, ...inner], name),
    useFile: (inner, name) => files.use([...path, ...inner], name)?.name ?? null,
    hasFile: (name) => files.has(name),
  });
  return { defaults, options: written, path };
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
    ...listTemplates(root["connections"], ["connections"]),
    ...listTemplates(httpTexts, http.path),
    ...listTemplates(workflowOptions["think_time"], ["options", "think_time"]),
    ...scenarios,
  ];
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
