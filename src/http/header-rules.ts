import { EngineError } from "../errors.ts";

const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i;
const unsafeInHeader = /[\r\n\0]/;

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
  if (!tokenPattern.test(name)) {
    throw new EngineError("invalid_workflow", `\`${name}\` is no header name; use letters, digits and -`);
  }
  if (name === "transfer-encoding") {
    throw new EngineError(
      "invalid_workflow",
      "header `transfer-encoding` cannot be set; the engine sends bodies with their length",
    );
  }
}
