import type { Json, JsonObject } from "../protocol/json.ts";
import { resolvePause } from "../protocol/pause.ts";
import { mapChildren, withoutChildren } from "../protocol/child-steps.ts";
import { listTemplates, type Path, type SpecContext, type SpecText, type StepSpec } from "../protocol/step-spec.ts";
import type { OnError, Retry, Step } from "../protocol/workflow.ts";
import { findSpec, type StepPlace } from "./check-steps.ts";
import type { Findings } from "../document/findings.ts";
import type { FileDesk } from "./file-desk.ts";
import type { FindCallee } from "./resolved-callee.ts";
import { asList, asMs, asNumber, asObject, asText, asTexts } from "../protocol/json-values.ts";
import { printPath } from "../document/path.ts";
import type { StepIds } from "./step-ids.ts";
import { enterHook, enterStep, type StepScope } from "./step-scope.ts";
import { reservedNames, resolveAssertions, resolveExtractions } from "./resolve-checks.ts";

/** What to do on an error: of the workflow, or of one step. */
export interface ErrorRule {
  readonly onError: OnError;
  readonly retry: Retry;
}

/** A text and where it stands. */
export interface ScopedText extends SpecText {
  readonly scope: StepScope;
}

export interface StepResolver {
  /** Steps from a checked list; what is not whole is left out, having been reported. */
  resolve(steps: Json | undefined, scope: StepScope): Step[];
  /** Every text of the steps resolved so far that has to compile. */
  readonly texts: readonly ScopedText[];
  note(text: ScopedText): void;
  /** Does a step compute the names of what it sets? */
  readonly assignsAny: boolean;
}

export interface ResolverOptions {
  readonly findings: Findings;
  readonly placeOf: (step: JsonObject) => StepPlace;
  readonly errorRule: ErrorRule;
  /** Without what is made for each step. */
  readonly context: Pick<SpecContext, "http" | "libs" | "insecure">;
  readonly files: Pick<FileDesk, "readText" | "use" | "has">;
  /** Before the place of a step in messages of other documents; empty: the workflow's own document. */
  readonly file: string;
  readonly ids: StepIds;
  /** Gets the names of what lives as long as the VU: every body sees it. */
  readonly lasting: Set<string>;
  readonly findCallee: FindCallee;
}

export function createStepResolver(options: ResolverOptions): StepResolver {
  const { findings, placeOf, ids, lasting } = options;
  const texts: ScopedText[] = [];
  let assignsAny = false;

  const resolve = (steps: Json | undefined, scope: StepScope): Step[] =>
    asList(steps).flatMap((step) => resolveStep(asObject(step), scope) ?? []);

  function resolveStep(step: JsonObject, scope: StepScope): Step | null {
    const { path, configPath } = placeOf(step);
    const type = asText(step["type"]) ?? "";
    const id = takeId(step, type, path);
    const around = enterHook(scope);
    const hooks = { preHook: resolve(step["pre_hook"], around), postHook: resolve(step["post_hook"], around) };
    const extract = resolveExtractions(step["extract"], [...path, "extract"], findings);
    for (const item of extract) (item.scope === "vu" ? lasting : scope.assigned).add(item.name);
    const assert = resolveAssertions(step["assert"], [...path, "assert"], findings, options.files);
    const checks = resolveAssertions(step["checks"], [...path, "checks"], findings, options.files);
    const condition = asText(step["condition"]);
    noteTexts(step, condition, path, scope);
    const spec = findSpec(type);
    if (spec === null) return null;
    const config = resolveConfig(asObject(step["config"]), spec, id, configPath, scope);
    // Nothing can be told of a program that is missing, which has been reported.
    const code = config["script"] === undefined ? undefined : spec.codeOf?.(config);
    assignsAny ||= code?.sets === null;
    const sets = spec.sets?.(config) ?? code?.sets ?? [];
    checkNames(sets, configPath);
    for (const name of sets) scope.assigned.add(name);
    const { onError, retry } = resolveErrorRule(step["on_error"], step["retry"], options.errorRule);
    if (step["retry"] !== undefined && step["on_error"] !== undefined && onError !== "retry") {
      findings.report(
        [...path, "retry"],
        `\`retry\` is used only with \`on_error: retry\`, not with \`${onError}\``,
        true,
      );
    }
    return {
      id,
      name: asText(step["name"]) ?? id,
      type,
      config,
      timeoutMs: asMs(step["timeout"]),
      onError,
      retry,
      condition,
      extract,
      assert,
      checks,
      ...hooks,
      thinkTime: step["think_time"] === undefined ? null : resolvePause(step["think_time"]),
      tags: asTexts(step["tags"]),
      disabled: step["disabled"] === true,
      ...(code === undefined ? {} : { code }),
    };
  }

  function resolveConfig(config: JsonObject, spec: StepSpec, id: string, path: Path, scope: StepScope): JsonObject {
    const seen = spec.inside?.(config);
    const inside = seen === undefined ? scope : enterStep(scope, id, seen);
    checkNames(seen?.variables ?? [], path);
    for (const entry of spec.listTexts(withoutChildren(config, spec.children))) {
      texts.push({ ...entry, path: [...path, ...entry.path], scope: entry.inside ? inside : scope });
    }
    const whole = mapChildren(config, spec.children, (list) => resolve(list, inside) as unknown as Json);
    // A config that lacks what it needs has been reported; resolving it would only report the consequences.
    const lacksNothing = spec.config.required.every((key) => Object.hasOwn(config, key));
    if (!lacksNothing) return whole;
    const context = createContext(path, scope);
    const isRefused = (key: string): boolean => !Object.hasOwn(config, key) && findings.isWrong([...path, key]);
    if (!Object.keys(spec.config.fields).some(isRefused)) return spec.resolve(whole, context);
    // What the config as a whole lacks may be what has just been refused.
    const report: SpecContext["report"] = (inner, ...rest) => {
      if (inner.length > 0) context.report(inner, ...rest);
    };
    return spec.resolve(whole, { ...context, report });
  }

  function checkNames(names: readonly string[], path: Path): void {
    for (const name of names) {
      if (reservedNames.includes(name))
        findings.report(path, `\`${name}\` is a name of the expression language; choose another`);
    }
  }

  function createContext(path: Path, { loops }: StepScope): SpecContext {
    return {
      ...options.context,
      loops,
      findCallee: (inner, kind, name) => {
        const callee = options.findCallee(kind, name, [...path, ...inner]);
        if (callee === null) return null;
        const { scope: inside } = callee;
        return {
          ...callee,
          checkResult: (at, text) => texts.push({ path: [...path, ...at], text, as: "expression", scope: inside }),
        };
      },
      report: (inner, message, inside) => findings.report([...path, ...inner], message, false, inside),
      warn: (inner, message) => findings.warn([...path, ...inner], message),
      readFile: (inner, name) => options.files.readText([...path, ...inner], name),
      useFile: (inner, name) => options.files.use([...path, ...inner], name)?.name ?? null,
      hasFile: (name) => options.files.has(name),
    };
  }

  function noteTexts(step: JsonObject, condition: string | null, path: Path, scope: StepScope): void {
    if (condition !== null) texts.push({ path: [...path, "condition"], text: condition, as: "expression", scope });
    for (const field of ["think_time", "assert", "checks", "extract"]) {
      for (const entry of listTemplates(step[field], [...path, field])) {
        const last = entry.path.findLast((key) => typeof key === "string");
        // Patterns and schemas may hold `$` and `{`; only values are templates.
        if (isSchema(step[field], entry.path[path.length + 1])) continue;
        if (field === "think_time" || (last !== "path" && last !== "pattern" && last !== "name")) {
          texts.push({ ...entry, scope });
        }
      }
    }
  }

  function takeId(step: JsonObject, type: string, path: Path): string {
    const given = asText(step["id"]);
    const place = `${options.file}${printPath(path)}`;
    if (given === null) return ids.make(type || "step", place);
    const first = ids.take(given, place);
    if (first !== null)
      findings.report(
        [...path, "id"],
        `the id \`${given}\` is used twice, first by ${first}; ids are unique in the workflow`,
      );
    if (reservedNames.includes(given)) {
      findings.warn(
        [...path, "id"],
        `\`${given}\` is a name of the expression language; read this step as \`steps.${given}\``,
      );
    }
    return given;
  }

  return {
    resolve,
    texts,
    note: (text) => void texts.push(text),
    get assignsAny() {
      return assignsAny;
    },
  };
}

/** What happens without `on_error`. */
export const defaultErrorRule: ErrorRule = {
  onError: "abort",
  retry: { maxAttempts: 3, delayMs: 1000, backoff: "fixed", maxDelayMs: 30_000 },
};

/** `on_error` is a word or a retry's map; a `retry` map alone asks for retries. */
export function resolveErrorRule(onError: Json | undefined, retry: Json | undefined, otherwise: ErrorRule): ErrorRule {
  const given = typeof onError === "object" ? onError : retry;
  const map = asObject(given ?? undefined);
  const rule: Retry = {
    maxAttempts: asNumber(map["max_attempts"]) ?? otherwise.retry.maxAttempts,
    delayMs: asMs(map["delay"]) ?? otherwise.retry.delayMs,
    backoff: (asText(map["backoff"]) ?? otherwise.retry.backoff) as Retry["backoff"],
    maxDelayMs: asMs(map["max_delay"]) ?? otherwise.retry.maxDelayMs,
  };
  if (typeof onError === "string") return { onError: onError as OnError, retry: rule };
  return { onError: given === undefined ? otherwise.onError : "retry", retry: rule };
}

/** Is the item at this place of `assert` or `checks` a schema? */
function isSchema(items: Json | undefined, index: string | number | undefined): boolean {
  return typeof index === "number" && asObject(asList(items)[index])["type"] === "schema";
}
