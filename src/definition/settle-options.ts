import { EngineError } from "../errors.ts";
import type { Language } from "../expression/language.ts";
import { listReferences } from "../expression/list-references.ts";
import { compileTemplate } from "../expression/template.ts";
import type { Json, JsonObject } from "../protocol/json.ts";
import { type ChildPath, mapChildren } from "../protocol/child-steps.ts";
import type { Path } from "../protocol/step-spec.ts";
import type { Findings } from "../document/findings.ts";
import { findSpec } from "./check-steps.ts";
import { asObject } from "../protocol/json-values.ts";

/** What options may refer to. */
export interface KnownValues {
  /** `-e` values over `variables`. */
  readonly variables: JsonObject;
  readonly env: Readonly<Record<string, string>>;
  /** A name of `env` that is not there is doubtful only: the environment of the run is not known here. */
  readonly envMayGrow: boolean;
}

/** Texts of `http` options that stay templates, filled in for each request, or with secrets before the start. */
const perRequest: ReadonlySet<string> = new Set(["headers", "auth", "query", "params", "proxy"]);

/** Fields of workflows and of steps of every type that are lists of steps, or one step. */
const hooks: readonly string[] = ["pre_hook", "post_hook"];

/** Fields of workflows and scenarios that are lists of steps, or one step. */
const holdsSteps: ReadonlySet<string> = new Set(["steps", "setup", "teardown", "vu_setup", "vu_teardown", ...hooks]);

/** No option may differ from one end of a cluster to the other. */
const language: Language = {
  random: () => {
    throw new EngineError("template", "options are settled before the start and can't be random");
  },
  wall: () => {
    throw new EngineError("template", "options are settled before the start and can't hold the time");
  },
};

/**
 * A copy of the document in which `options`, top-level `http`, the scenarios' own fields and the tags of steps have their
 * `${…}` filled in.
 * Numeric texts become numbers. Reports what has no value; such a field is left out.
 */
export function settleOptions(document: JsonObject, known: KnownValues, findings: Findings): JsonObject {
  const settleValue = (value: Json, path: Path): Json | undefined => {
    if (typeof value === "string") return value.includes("${") ? settleText(value, path, known, findings) : value;
    if (Array.isArray(value)) {
      return (value as readonly Json[]).flatMap((item, index) => settleValue(item, [...path, index]) ?? []);
    }
    if (typeof value !== "object" || value === null) return value;
    return settleFields(value as JsonObject, path, () => settleValue);
  };
  const keep = (value: Json): Json => value;
  const settleHttp = (value: Json, path: Path): Json =>
    isObject(value) ? settleFields(value, path, chooseHttp) : value;
  const chooseHttp = (key: string): ((value: Json, path: Path) => Json | undefined) => {
    if (perRequest.has(key)) return keep;
    return key === "base_url" || key === "domains" ? settleAddress : settleBase;
  };
  // An address that only the run's environment completes is one: what is relative to it is no problem.
  const settleAddress = (value: Json, path: Path): Json | undefined =>
    isObject(value)
      ? settleFields(value, path, () => settleAddress)
      : (settleBase(value, path) ?? (findings.isWrong(path) ? undefined : value));
  // `http://${env.HOST}` is settled; what only a running VU knows stays a template.
  const settleBase = (value: Json, path: Path): Json | undefined =>
    typeof value === "string" && !isKnown(value, known) ? value : settleValue(value, path);
  // A tag is part of a series, and series are made before the start.
  const settleSteps = (value: Json, path: Path): Json => {
    if (Array.isArray(value)) return (value as readonly Json[]).map((step, at) => settleSteps(step, [...path, at]));
    if (!isObject(value)) return value;
    const children = listChildPaths(value["type"]);
    const inConfig = (config: Json, at: Path): Json =>
      isObject(config) ? mapChildren(config, children, (list, inner) => settleSteps(list, [...at, ...inner])) : config;
    const settled = settleFields(value, path, (key) => {
      if (key === "tags") return settleValue;
      if (hooks.includes(key)) return settleSteps;
      return key === "config" || key === value["type"] ? inConfig : keep;
    });
    return inConfig(settled, path);
  };
  const settleLoad = (value: Json, path: Path): Json =>
    isObject(value)
      ? settleFields(value, path, (key) => {
          if (key === "http") return settleHttp;
          if (holdsSteps.has(key)) return settleSteps;
          return key === "variables" || key === "think_time" ? keep : settleValue;
        })
      : value;
  const settleOptionFields = (value: Json, path: Path): Json => {
    if (!isObject(value)) return value;
    const { outputs, ...rest } = value;
    const settled = outputs === undefined ? undefined : settleOutputs(outputs, [...path, "outputs"]);
    const others = settleLoad(rest, path);
    return settled === undefined || !isObject(others) ? others : { ...others, outputs: settled };
  };
  const settleScenarios = (value: Json, path: Path): Json =>
    isObject(value) ? settleFields(value, path, () => settleLoad) : value;
  const settleFragment = (value: Json, path: Path): Json =>
    isObject(value) ? settleFields(value, path, (key) => (key === "steps" ? settleSteps : keep)) : value;
  const settleFragments = (value: Json, path: Path): Json =>
    isObject(value) ? settleFields(value, path, () => settleFragment) : value;
  // Whoever opens an output fills its secrets in: they are in nothing that is kept or shown.
  const withSecrets: KnownValues = { ...known, variables: { ...known.variables, secret: namedSecrets } };
  const settleOutputs = (value: Json, path: Path): Json | undefined => {
    if (typeof value === "string") return value.includes("${") ? settleText(value, path, withSecrets, findings) : value;
    if (Array.isArray(value)) {
      return (value as readonly Json[]).flatMap((item, index) => settleOutputs(item, [...path, index]) ?? []);
    }
    return isObject(value) ? settleFields(value, path, () => settleOutputs) : value;
  };
  return settleFields(document, [], (key) => {
    if (key === "options") return settleOptionFields;
    if (key === "http") return settleHttp;
    if (holdsSteps.has(key)) return settleSteps;
    if (key === "fragments") return settleFragments;
    return key === "scenarios" ? settleScenarios : keep;
  });
}

/** Where a type's config, or the step itself, holds steps. */
function listChildPaths(type: Json | undefined): readonly ChildPath[] {
  return (typeof type === "string" ? findSpec(type.replace(/_engine$/, "")) : null)?.children ?? [];
}

/** Every secret as the text that stands for it. */
const namedSecrets = new Proxy<JsonObject>(
  {},
  {
    has: () => true,
    getOwnPropertyDescriptor: (_, name) => ({
      value: `\${secret.${String(name)}}`,
      configurable: true,
      enumerable: true,
    }),
    get: (_, name) => (typeof name === "string" ? `\${secret.${name}}` : undefined),
  },
);

function settleFields(
  fields: JsonObject,
  path: Path,
  choose: (key: string) => (value: Json, path: Path) => Json | undefined,
): JsonObject {
  const settled = Object.entries(fields).map(([key, value]) => [key, choose(key)(value, [...path, key])] as const);
  return Object.fromEntries(settled.filter((entry): entry is readonly [string, Json] => entry[1] !== undefined));
}

function settleText(text: string, path: Path, known: KnownValues, findings: Findings): Json | undefined {
  try {
    const names = {
      resolve: (name: string, rest: readonly string[], required: boolean) => {
        const key = rest[0];
        if (name !== "env") return Object.hasOwn(known.variables, name) ? () => known.variables[name] : undefined;
        const isMissing = required && key !== undefined && !Object.hasOwn(known.env, key);
        if (isMissing && known.envMayGrow) throw new UnknownEnvironment(key);
        return () => known.env;
      },
    };
    const value = compileTemplate(text, names, language).evaluate(undefined) as Json;
    return typeof value === "string" ? toPlain(value) : value;
  } catch (error) {
    if (error instanceof UnknownEnvironment) {
      findings.warn(path, `env.${error.key} has no value; give it with -e ${error.key}=VALUE`);
      return undefined;
    }
    if (!(error instanceof EngineError)) throw error;
    const others = listUnknown(text, known);
    const field = path.includes("tags") ? "tags" : "options";
    findings.report(
      path,
      others.length > 0
        ? `${others.map((name) => `\`${name}\``).join(", ")} has no value before the start; ${field} may use \`variables\`, -e values and \`env\``
        : `${error.message}; ${field} may use \`variables\`, -e values and \`env\``,
    );
    return undefined;
  }
}

class UnknownEnvironment extends Error {
  readonly key: string;

  constructor(key: string) {
    super(key);
    this.key = key;
  }
}

function isKnown(text: string, known: KnownValues): boolean {
  try {
    return listReferences(text).every(({ root }) => root === "env" || isConstant(known.variables, root));
  } catch (error) {
    if (error instanceof EngineError) return true;
    throw error;
  }
}

function listUnknown(text: string, known: KnownValues): string[] {
  try {
    const references = listReferences(text);
    return references.flatMap(({ root, path: [key] }) => {
      if (root !== "env") return Object.hasOwn(known.variables, root) ? [] : [root];
      return key !== undefined && !Object.hasOwn(known.env, key) ? [`env.${key}`] : [];
    });
  } catch (error) {
    if (error instanceof EngineError) return [];
    throw error;
  }
}

function isConstant(variables: JsonObject, name: string): boolean {
  const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
  return (
    value !== undefined &&
    !JSON.stringify(asObject({ value }), (_, item) => (typeof item === "bigint" ? "" : item)).includes("${")
  );
}

/** Environment values are texts: `VUS=10` is meant as a number, `VERIFY=false` as a flag. */
function toPlain(text: string): Json {
  if (text === "true" || text === "false") return text === "true";
  const number = Number(text);
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text) && Number.isFinite(number) && String(number) === text
    ? number
    : text;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
