import { EngineError } from "../errors.ts";

const excerptLength = 60;

/** The error of a text that cannot be compiled: where in the text (`at` counts from 0), what is wrong. */
export function syntaxError(text: string, at: number, what: string): EngineError {
  const start =
    text.length <= excerptLength ? 0 : Math.max(0, Math.min(at - excerptLength / 2, text.length - excerptLength));
  const cut = text.slice(start, start + excerptLength);
  const shown = `${start > 0 ? "…" : ""}${cut}${start + excerptLength < text.length ? "…" : ""}`;
  return new EngineError("template", `${what}, at character ${at + 1} of \`${shown}\``);
}

/** The error of a value that an expression cannot work with. */
export function valueError(what: string): EngineError {
  return new EngineError("template", what);
}

/** A short picture of a value for messages, at most some 40 characters. */
export function showValue(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  switch (typeof value) {
    case "object":
      return value === null ? "null" : Array.isArray(value) ? `a list of ${value.length}` : "an object";
    case "number":
    case "bigint":
    case "boolean": {
      const text = String(value);
      return text.length > 40 ? `${text.slice(0, 40)}…` : text;
    }
    default:
      return `a ${typeof value}`;
  }
}
