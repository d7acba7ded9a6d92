import type { Json } from "../protocol/json.ts";

/** A text of the source that is no template, as a template that yields it. */
export function escapeTemplate(text: string): string {
  return text.replaceAll("${", () => "$${");
}

/** The same of every text in a value. */
export function escapeValue(value: Json): Json {
  if (typeof value === "string") return escapeTemplate(value);
  if (Array.isArray(value)) return (value as readonly Json[]).map(escapeValue);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, escapeValue(item)]));
}

/** Is something in the text computed? */
export function hasTemplate(text: string): boolean {
  return /(?:^|[^$])\$\{/.test(text);
}

/** A text as one of the language of expressions. */
export function quoteText(text: string): string {
  const escaped = text
    .replace(/[\\"]/g, "\\$&")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t");
  return `"${escapeTemplate(escaped)}"`;
}
