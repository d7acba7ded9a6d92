import type { Json } from "../../protocol/json.ts";
import type { Evaluate, StepResult, VirtualUser } from "../../protocol/step.ts";
import type { Extraction } from "../../protocol/workflow.ts";
import { type Languages, plainLanguages } from "./languages.ts";
import { sources } from "./sources.ts";

/** Sets the variable from a result. null: done; else why not, for people. Throws EngineError `template` from the default's template. */
export type Extract = (vu: VirtualUser, result: StepResult) => string | null;

/**
 * Compiles one extraction. `template` compiles its default; `languages` is needed where `loadLanguages` loads one.
 * Throws EngineError `invalid_workflow` for a path or pattern that is not valid.
 */
export function compileExtraction(
  extraction: Extraction,
  template: (value: Json) => Evaluate,
  languages: Languages = plainLanguages,
): Extract {
  const find = sources[extraction.from](extraction, languages);
  const store = compileStore(extraction);
  const fallback = extraction.default === undefined ? null : template(extraction.default);
  const failure = `extract ${extraction.name}: nothing matches ${printSource(extraction)}`;
  return (vu, result) => {
    const found = find(result);
    if (found !== undefined) store(vu, found);
    else if (fallback === null) return failure;
    else store(vu, fallback(vu));
    return null;
  };
}

function compileStore(extraction: Extraction): (vu: VirtualUser, value: unknown) => void {
  const { name } = extraction;
  if (extraction.scope === "vu") return (vu, value) => void vu.vuVariables.set(name, value);
  return (vu, value) => void vu.variables.set(name, value);
}

function printSource(extraction: Extraction): string {
  return extraction.path === "" ? extraction.from : `${extraction.from} ${extraction.path}`;
}
