import { compileParts, compileText, compileTree } from "./compile.ts";
import type { Language } from "./language.ts";
import type { Names } from "./names.ts";
import { parseTemplate } from "./parser.ts";
import { missingError } from "./text.ts";
import { printPath } from "./tree.ts";

/** A compiled text with `${…}`. */
export interface Template<Scope, Value = unknown> {
  /** The text when nothing in it is computed (`$${` already made a `${`), else undefined. */
  readonly constant: string | undefined;
  /** Throws EngineError `template` for what has no value, naming it. */
  evaluate(scope: Scope): Value;
}

/**
 * Compiles a text with `${…}`. Exactly one `${…}` keeps its value's type, everything else is text.
 * Throws EngineError `template` with the position.
 */
export function compileTemplate<Scope>(text: string, names: Names<Scope>, language: Language): Template<Scope> {
  const parts = parseTemplate(text);
  const only = parts[0];
  if (parts.length !== 1 || only === undefined || typeof only === "string")
    return compileTextTemplate(text, names, language);
  const value = compileTree(only, { text, names, language });
  const name = printPath(only);
  return {
    constant: undefined,
    evaluate: (scope) => {
      const result = value(scope);
      if (result === undefined) throw missingError(name);
      return result;
    },
  };
}

/** As compileTemplate, for places that take only text: numbers with their digits, objects and lists as JSON. */
export function compileTextTemplate<Scope>(
  text: string,
  names: Names<Scope>,
  language: Language,
): Template<Scope, string> {
  const parts = parseTemplate(text);
  const context = { text, names, language };
  const only = parts[0];
  if (parts.length !== 1 || only === undefined) return { constant: undefined, evaluate: compileParts(parts, context) };
  if (typeof only === "string") return { constant: only, evaluate: () => only };
  return { constant: undefined, evaluate: compileText(only, context) };
}
