import { EngineError } from "../errors.ts";
import { findHeaderProblem } from "../protocol/header-names.ts";

const unsafeInHeader = /[\r\n\0]/;
const plain = /^[\t\x20-\x7e]*$/;
const controls = /[^\t\x20-\x7e\x80-\u{10ffff}]/u;

/**
 * A header's value as Node's client takes it, a character for each byte of its UTF-8; null for one that holds control
 * characters, which Node sends in no header.
 */
export function toNodeHeader(value: string): string | null {
  if (plain.test(value)) return value;
  return controls.test(value) ? null : Buffer.from(value).toString("latin1");
}

/** The same, but throws EngineError `template`. */
export function requireNodeHeader(name: string, value: string): string {
  const written = toNodeHeader(checkHeader(name, value));
  if (written !== null) return written;
  throw new EngineError("template", `the value of header \`${name}\` holds control characters; remove them`);
}

/** Gives a value back that may stand in a header, else throws EngineError `template`. */
export function checkHeader(name: string, value: string): string {
  if (!unsafeInHeader.test(value)) return value;
  throw new EngineError(
    "template",
    `the value of header \`${name}\` holds a line break; remove it, for instance with replace()`,
  );
}

/** Throws EngineError `invalid_workflow` for a name that no request can carry. */
export function refuseHeaderName(name: string): void {
  const problem = findHeaderProblem(name);
  if (problem !== null) throw new EngineError("invalid_workflow", problem);
}
