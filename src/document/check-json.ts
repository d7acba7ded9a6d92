import type { Problem } from "../protocol/problem.ts";

/** What is wrong with a text that should be JSON, which is checked by its own rules first: YAML takes more. */
export function checkJson(text: string): Problem | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    const offset = findJsonError(text);
    const before = text.slice(0, offset);
    const position = { line: before.split("\n").length, column: offset - before.lastIndexOf("\n") };
    const message = error instanceof Error ? error.message : String(error);
    // V8 repeats a part of the text, which the position replaces.
    const reason = message.replace(/,? (?:"|\.\.\.)[^]*is not valid JSON$| in JSON at [^]*$/, "");
    return { path: "", message: `not valid JSON: ${reason.charAt(0).toLowerCase() + reason.slice(1)}`, ...position };
  }
}

/** V8 does not always say where: the error is after the longest beginning that could still become JSON. */
function findJsonError(text: string): number {
  let fine = 0;
  let wrong = text.length + 1;
  while (wrong - fine > 1) {
    const middle = (fine + wrong) >> 1;
    if (couldGoOn(text.slice(0, middle))) fine = middle;
    else wrong = middle;
  }
  return fine;
}

function couldGoOn(beginning: string): boolean {
  try {
    JSON.parse(beginning);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    const at = /at position (\d+)/.exec(message)?.[1];
    return /end of JSON|^Unterminated/.test(message) || (at !== undefined && Number(at) >= beginning.length);
  }
}
