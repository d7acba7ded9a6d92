import { isPlain, isReadable } from "./read-member.ts";
import { showValue, valueError } from "./template-error.ts";

/** The longest text an expression may make, in characters. */
export const maxTextLength = 16 * 1024 * 1024;

interface RawJson {
  rawJSON(text: string): object;
}

/**
 * The text of a value: texts as they are, numbers with all their digits, objects and lists as JSON.
 * Throws EngineError `template` for undefined (named by `name`) and for what has no text.
 */
export function toText(value: unknown, name: string): string {
  switch (typeof value) {
    case "string":
      return value;
    case "number":
    case "boolean":
    case "bigint":
      return String(value);
    case "undefined":
      throw missingError(name);
    default:
      return toJsonText(value);
  }
}

/** The error of a name or path without a value. */
export function missingError(name: string): Error {
  return valueError(`\`${name}\` has no value; give it one before, or write \`${name} ?? "…"\``);
}

/** JSON of plain data; bigint digits are kept, Maps are objects. Throws EngineError `template` for cycles and for what is no data. */
export function toJsonText(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value, replaceValue);
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError)
      throw valueError("the value is too deep, too large or contains itself");
    throw error;
  }
  if (text === undefined) throw valueError(`${showValue(value)} cannot be written as JSON`);
  return checkLength(text);
}

/** Gives the text back, or throws EngineError `template` when it is over the bound. */
export function checkLength(text: string): string {
  if (text.length > maxTextLength) throw tooLong();
  return text;
}

/** The error of a text over the bound. */
export function tooLong(): Error {
  return valueError(`the text becomes longer than ${maxTextLength} characters`);
}

function replaceValue(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return (JSON as unknown as RawJson).rawJSON(String(value));
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  if (isReadable(value)) throw valueError("a whole step result has no text; read one of its fields, such as `.body`");
  if (value instanceof Map) return Object.fromEntries(value as Map<string, unknown>);
  return isPlain(value) || isRawJson(value) ? value : null;
}

function isRawJson(value: object): boolean {
  return Object.isFrozen(value) && "rawJSON" in value;
}
