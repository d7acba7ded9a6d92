import { parseExpression, parseTemplate } from "./parser.ts";
import type { Reference } from "./tree.ts";
import { collectReferences } from "./tree.ts";

/**
 * The names that a text reads, each with the constant part of its path (`steps["a"].body` is root `steps`, path
 * `["a", "body"]`; a computed key ends the path). `as` says how to read the text: a template with `${…}` or an expression.
 * Throws EngineError `template` for a syntax error.
 */
export function listReferences(text: string, as: "template" | "expression" = "template"): Reference[] {
  const references: Reference[] = [];
  const parts = as === "template" ? parseTemplate(text) : [parseExpression(text)];
  for (const part of parts) if (typeof part !== "string") collectReferences(part, references);
  return references;
}
