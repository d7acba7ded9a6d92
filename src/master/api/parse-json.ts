import { EngineError } from "../../errors.ts";
import type { Json } from "../../protocol/json.ts";

/** More than any request needs. */
const deepest = 120;

/**
 * The value of a JSON text; integers beyond 2^53 keep their digits. Throws EngineError `invalid_request` for what is
 * no JSON or nested too deep.
 */
export function parseJson(text: string): Json {
  if (isTooDeep(text)) {
    throw new EngineError("invalid_request", `the body is nested deeper than ${deepest} levels; flatten it`);
  }
  try {
    return hasLongDigits(text) ? (JSON.parse(text, keepDigits) as Json) : (JSON.parse(text) as Json);
  } catch (cause) {
    // The engine quotes what it could not read, which may be a secret.
    const reason = (cause instanceof Error ? cause.message : String(cause)).replace(/, (?:\.\.\.)?".*$/s, "");
    throw new EngineError("invalid_request", `the body is not valid JSON: ${reason.slice(0, 200)}`, { cause });
  }
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === 0x5c) at++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > deepest) return true;
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return false;
}

/** Sixteen digits in a row: nearly no body has them, and a reviver costs a call per value. */
function hasLongDigits(text: string): boolean {
  return /\d{16}/.test(text);
}

function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  return typeof value === "number" && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source)
    ? BigInt(source)
    : value;
}
