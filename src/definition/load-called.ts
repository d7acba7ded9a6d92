import { extname, posix } from "node:path";
import { checkShape } from "../document/check-shape.ts";
import { createFindings, type Findings } from "../document/findings.ts";
import { asObject } from "../protocol/json-values.ts";
import { parseText } from "../document/parse.ts";
import type { Json } from "../protocol/json.ts";
import type { Problem } from "../protocol/problem.ts";
import { listTemplates, type Path } from "../protocol/step-spec.ts";
import { type Calls, createFindCallee } from "./callees.ts";
import type { ResolvedCallee } from "./resolved-callee.ts";
import { createStepChecker } from "./check-steps.ts";
import type { FileDesk } from "./file-desk.ts";
import { checkTexts, type PossibleNames } from "./check-texts.ts";
import { listIds } from "./list-ids.ts";
import { checkVariables } from "./resolve-checks.ts";
import { createStepResolver, type ResolverOptions, resolveErrorRule, type StepResolver } from "./resolve-steps.ts";
import { type KnownValues, settleOptions } from "./settle-options.ts";
import { createScope } from "./step-scope.ts";
import { workflowShape } from "./workflow-shape.ts";

/** What all documents of one workflow share: its own and the files that it calls. */
export interface SharedDefinition extends Pick<ResolverOptions, "errorRule" | "context" | "ids" | "lasting"> {
  readonly calls: Calls;
  /** `-e` values. */
  readonly given: Readonly<Record<string, string>>;
  readonly env: Omit<KnownValues, "variables">;
  /** null: it cannot be read, reported at the path in the workflow's own document. */
  readonly files: FileDesk;
  /** What is left to do when all names are known. */
  readonly later: ((possible: PossibleNames) => void)[];
}

/** The call of a file. */
interface CallPlace {
  /** In the caller's document. */
  readonly path: Path;
  readonly findings: Findings;
  /** Of the call in the workflow's own document that led here. */
  readonly origin: Path;
}

/** Parts of a called file that have no meaning there: the caller's hold. */
const ownParts = [
  "setup",
  "teardown",
  "vu_setup",
  "vu_teardown",
  "pre_hook",
  "post_hook",
  "http",
  "data",
  "connections",
];

/**
 * The steps of another workflow file, for a call. Its `variables` are its parameters,
 * its `fragments` its own; problems are reported at the call, with their place in the file. null: reported.
 */
export function loadCalled(file: string, place: CallPlace, shared: SharedDefinition): ResolvedCallee | null {
  const text = shared.files.readText(place.origin, file);
  if (text === null) return null;
  const parsed = parseText(text, extname(file).toLowerCase() === ".json" ? "json" : "yaml");
  if ("problems" in parsed) {
    tell(parsed.problems, file, place);
    return null;
  }
  const findings = createFindings();
  const callee = resolveDocument(parsed.value, file, { findings, origin: place.origin }, shared);
  shared.later.push((possible) => {
    callee?.check(possible);
    tell(findings.list(parsed.locate), file, place);
  });
  return callee;
}

interface Document extends ResolvedCallee {
  check(possible: PossibleNames): void;
}

function resolveDocument(
  document: Json,
  file: string,
  { findings, origin }: Omit<CallPlace, "path">,
  shared: SharedDefinition,
): Document | null {
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    findings.report([], "this is not a workflow; write a map with `steps`");
    return null;
  }
  const { given } = shared;
  const written = asObject(document);
  const variables = { ...asObject(written["variables"]), ...pick(given, asObject(written["variables"])) };
  const settled = settleOptions(written, { ...shared.env, variables: { ...variables, ...given } }, findings);
  const checker = createStepChecker(findings);
  const root = asObject(checkShape(settled, workflowShape, [], findings, checker.checkSteps));
  checkVariables(root["variables"], ["variables"], findings);
  if (root["scenarios"] !== undefined)
    findings.report(["scenarios"], "a workflow with `scenarios` cannot be called, only one with `steps`", true);
  else if (root["steps"] === undefined && !findings.isWrong(["steps"]))
    findings.report([], "the workflow has no `steps` to call");
  for (const part of ownParts) {
    if (root[part] !== undefined)
      findings.warn([part], `\`${part}\` of a called workflow is left out: that of the calling one holds`, true);
  }
  shared.ids.reserve(listIds(root));
  const errorRule = resolveErrorRule(asObject(root["options"])["on_error"], undefined, shared.errorRule);
  const scope = createScope(new Set(), Object.keys(variables));
  const resolver: StepResolver = createStepResolver({
    ...shared,
    findings,
    placeOf: checker.placeOf,
    errorRule,
    files: {
      readText: (_at, name) => shared.files.readText(origin, posix.join(posix.dirname(file), name)),
      use: (_at, name) => shared.files.use(origin, posix.join(posix.dirname(file), name)),
      has: (name) => shared.files.has(posix.join(posix.dirname(file), name)),
    },
    file: `${file}: `,
    findCallee: createFindCallee({
      calls: shared.calls,
      file,
      fragments: root["fragments"],
      resolver: () => resolver,
      findings,
      load: (other, path) => loadCalled(other, { path, findings, origin }, shared),
    }),
  });
  for (const [name, value] of Object.entries(variables)) {
    if (Object.hasOwn(given, name)) continue;
    for (const text of listTemplates(value, ["variables", name])) resolver.note({ ...text, scope });
  }
  return {
    params: Object.entries(variables),
    results: {},
    steps: resolver.resolve(root["steps"], scope),
    scope,
    check: (possible) =>
      checkTexts(resolver.texts, { ...possible, anyVariable: possible.anyVariable || resolver.assignsAny }, findings),
  };
}

function tell(problems: readonly Problem[], file: string, { path, findings }: CallPlace): void {
  for (const { line, column, path: inside, message, severity } of problems) {
    const place = line === undefined ? file : `${file}:${line}:${column}`;
    const text = `${place}: ${inside === "" ? "" : `${inside}: `}${message}`;
    if (severity === "warning") findings.warn(path, text);
    else findings.report(path, text);
  }
}

function pick(from: Readonly<Record<string, string>>, names: object): Record<string, string> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => Object.hasOwn(names, name)));
}
