import type { Json } from "../protocol/json.ts";
import type { Language } from "./language.ts";
import type { Names } from "./names.ts";
import { compileTemplate } from "./template.ts";

/** A compiled JSON value with templates in its texts. */
export interface JsonTemplate<Scope> {
  /** The value when nothing in it is computed, else undefined. */
  readonly constant: Json | undefined;
  /** A constant value is the same object each time and not to be changed. Throws EngineError `template`. */
  evaluate(scope: Scope): unknown;
}

/** Compiles every text inside a JSON value (keys are no templates). Throws EngineError `template` with the position. */
export function compileJsonTemplate<Scope>(value: Json, names: Names<Scope>, language: Language): JsonTemplate<Scope> {
  if (typeof value === "string") return compileTemplate(value, names, language);
  if (typeof value !== "object" || value === null) return makeConstant(value);
  if (Array.isArray(value)) return compileList(value as readonly Json[], names, language);
  return compileObject(Object.entries(value), names, language);
}

function makeConstant<Scope>(value: Json): JsonTemplate<Scope> {
  return { constant: value, evaluate: () => value };
}

function compileList<Scope>(list: readonly Json[], names: Names<Scope>, language: Language): JsonTemplate<Scope> {
  const items = list.map((item) => compileJsonTemplate(item, names, language));
  const constants = items.map((item) => item.constant);
  if (isComplete(constants)) return makeConstant(constants);
  return { constant: undefined, evaluate: (scope) => items.map((item) => item.evaluate(scope)) };
}

function compileObject<Scope>(
  entries: readonly (readonly [string, Json])[],
  names: Names<Scope>,
  language: Language,
): JsonTemplate<Scope> {
  const keys = entries.map(([key]) => key);
  const values = entries.map(([, value]) => compileJsonTemplate(value, names, language));
  const constants = values.map((value) => value.constant);
  if (isComplete(constants))
    return makeConstant(Object.fromEntries(keys.map((key, index) => [key, constants[index] ?? null])));
  return {
    constant: undefined,
    evaluate: (scope) => {
      const object: Record<string, unknown> = {};
      for (let index = 0; index < keys.length; index += 1) {
        setOwn(object, keys[index] ?? "", values[index]?.evaluate(scope));
      }
      return object;
    },
  };
}

/** Assigning to `__proto__` would set the prototype. */
function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") object[key] = value;
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

function isComplete(values: readonly (Json | undefined)[]): values is readonly Json[] {
  return values.every((value) => value !== undefined);
}
