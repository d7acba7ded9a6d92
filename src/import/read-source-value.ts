import { parseText } from "../document/parse.ts";
import { EngineError } from "../errors.ts";
import type { Json, JsonObject } from "../protocol/json.ts";
import { importLimits } from "./import-limits.ts";

/** The object that a JSON source is. Throws EngineError `invalid_request`. */
export function readJsonSource(text: string, format: string): JsonObject {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw notOfFormat(format, `it is not JSON: ${reason}`, cause);
  }
  return checkObject(value, format);
}

/** The same of YAML or JSON. Throws EngineError `invalid_request`. */
export function readYamlSource(text: string, format: string): JsonObject {
  if (/^\s*\{/.test(text)) return readJsonSource(text, format);
  const parsed = parseText(text, "yaml");
  if ("problems" in parsed) {
    const { message = "", line = 1 } = parsed.problems[0] ?? {};
    throw notOfFormat(format, `line ${line}: ${message}`);
  }
  return checkObject(parsed.value, format);
}

/** The error for a source that is none of its format. */
export function notOfFormat(format: string, reason: string, cause?: unknown): EngineError {
  return new EngineError("invalid_request", `it is no ${format}: ${reason}`, { cause });
}

function checkObject(value: Json, format: string): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw notOfFormat(format, "it is not an object");
  checkDepth(value, "it");
  return value as JsonObject;
}

/** Throws EngineError `too_large`. Without recursion: what is checked may be as deep as it likes. */
export function checkDepth(root: Json, what: string): void {
  let level: Json[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > importLimits.depth)
      throw new EngineError("too_large", `${what} is nested deeper than ${importLimits.depth} levels`);
    level = level.flatMap((value) => (typeof value === "object" && value !== null ? Object.values(value) : []));
  }
}
