import { EngineError } from "../../errors.ts";
import { compilePattern } from "../../expression/pattern.ts";

/** Compiles a pattern of an assertion or extraction. Throws EngineError `invalid_workflow`. */
export function compileSourcePattern(source: string, owner: string): RegExp {
  if (source === "") throw new EngineError("invalid_workflow", `${owner}: the pattern is missing`);
  try {
    return compilePattern(source);
  } catch (error) {
    throw new EngineError("invalid_workflow", `${owner}: ${(error as Error).message}`, { cause: error });
  }
}

/** The first group that a match has, else the whole match. */
export function readMatch(match: RegExpMatchArray): string {
  return match[1] ?? match[0];
}
