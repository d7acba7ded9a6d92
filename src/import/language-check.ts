import { compile } from "json-p3";
import { parseExpression } from "../expression/parser.ts";
import { findPatternProblem } from "../expression/pattern.ts";

/** Can it be read as an expression of ours? */
export function isExpression(text: string): boolean {
  return isAccepted(() => parseExpression(text));
}

/** Is it a regular expression here? */
export function isPattern(text: string): boolean {
  return findPatternProblem(text) === null;
}

/** Is it a JSON path of RFC 9535? */
export function isJsonPath(text: string): boolean {
  return text.startsWith("$") && isAccepted(() => compile(text));
}

function isAccepted(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    // The caller tells what is left out.
    return false;
  }
}
