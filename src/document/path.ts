import type { Path } from "../protocol/step-spec.ts";

/** `options.stages[1].duration`; keys that are no names stand in brackets: `headers["x-id"]`. */
export function printPath(path: Path): string {
  let text = "";
  for (const key of path) {
    // An option of the command line.
    if (typeof key === "string" && text === "" && key.startsWith("--")) {
      text = key;
      continue;
    }
    if (typeof key === "number") text += `[${key}]`;
    else if (/^[\p{L}_][\p{L}\p{N}_]*$/u.test(key)) text += text === "" ? key : `.${key}`;
    else text += `[${JSON.stringify(key)}]`;
  }
  return text;
}

/** A short picture of a value for messages. */
export function showValue(value: unknown): string {
  if (typeof value === "string") return `\`${value.length > 60 ? `${value.slice(0, 60)}…` : value}\``;
  if (value === null) return "null (an empty value)";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  return `\`${String(value)}\``;
}
