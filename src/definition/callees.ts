import { posix } from "node:path";
import type { Json } from "../protocol/json.ts";
import { listTemplates, type Path } from "../protocol/step-spec.ts";
import { asObject, asTexts } from "../protocol/json-values.ts";
import type { Findings } from "../document/findings.ts";
import { suggest } from "../document/suggest.ts";
import { maxNesting } from "./check-steps.ts";
import type { StepResolver } from "./resolve-steps.ts";
import type { FindCallee, ResolvedCallee } from "./resolved-callee.ts";
import { createScope } from "./step-scope.ts";

/** What the documents of one workflow, itself and the files that it calls, know of each other's calls. */
export interface Calls {
  /** By file, or file and fragment; null: it cannot be called. */
  readonly known: Map<string, ResolvedCallee | null>;
  /** What is being resolved, the outermost first; `name` is for people. */
  readonly underway: { readonly key: string; readonly name: string }[];
}

interface Options {
  readonly calls: Calls;
  /** The document's file, relative to the workflow's; the workflow's own is empty where it has none. */
  readonly file: string;
  readonly fragments: Json | undefined;
  readonly resolver: () => StepResolver;
  readonly findings: Findings;
  /** Reads and resolves another workflow file, named relative to the workflow's; null: reported. */
  readonly load: (file: string, path: Path) => ResolvedCallee | null;
}

/** Finds what the steps of one document call. Everything is resolved once, however often it is called. */
export function createFindCallee(options: Options): FindCallee {
  const { calls, findings } = options;
  const fragments = asObject(options.fragments);

  return (kind, name, path) => {
    const file = kind === "workflow" ? locate(options.file, name) : options.file;
    const key = kind === "workflow" ? file : `${file}#${name}`;
    const first = calls.underway.findIndex((call) => call.key === key);
    if (first >= 0) {
      const circle = [...calls.underway.slice(first).map((call) => call.name), name];
      findings.report(path, `calls go in a circle and would never end: ${circle.join(" -> ")}`);
      return null;
    }
    const known = calls.known.get(key);
    if (known !== undefined) return known;
    if (calls.underway.length > maxNesting) {
      findings.report(path, `calls stand inside calls more than ${maxNesting} deep; call this one from further out`);
      return null;
    }
    calls.underway.push({ key, name });
    const callee = kind === "workflow" ? options.load(file, path) : resolveFragment(name, path);
    calls.underway.pop();
    calls.known.set(key, callee);
    return callee;
  };

  function resolveFragment(name: string, path: Path): ResolvedCallee | null {
    if (!Object.hasOwn(fragments, name)) {
      const names = Object.keys(fragments);
      const near = suggest(name, names) || (names.length === 0 ? "" : ` There are ${names.join(", ")}.`);
      findings.report(path, `there is no fragment \`${name.slice(0, 64)}\` in \`fragments\`.${near}`);
      return null;
    }
    const { params: written, steps, results: declared } = asObject(fragments[name]);
    const at: Path = ["fragments", name];
    const params = listParams(written);
    const results = asTexts(declared);
    const scope = createScope(
      new Set(),
      params.map(([param]) => param),
    );
    for (const [param, value] of params) {
      for (const text of listTemplates(value, [...at, "params", param])) options.resolver().note({ ...text, scope });
    }
    for (const [result, text] of Object.entries(results)) {
      options.resolver().note({ path: [...at, "results", result], text, as: "expression", scope });
    }
    const all = [...params.map(([param]) => param), ...Object.keys(results)];
    return {
      params,
      results,
      steps: options.resolver().resolve(steps, scope),
      scope: { ...scope, variables: new Set(all) },
    };
  }
}

function listParams(written: Json | undefined): (readonly [string, Json | undefined])[] {
  if (Array.isArray(written)) return (written as readonly string[]).map((name) => [name, undefined]);
  return Object.entries(asObject(written));
}

/** A name that stands in a file, relative to the workflow's file. */
function locate(from: string, name: string): string {
  return posix.isAbsolute(name) ? posix.normalize(name) : posix.join(posix.dirname(from || "."), name);
}
