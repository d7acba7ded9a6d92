import { setFlagsFromString } from "node:v8";
import { EngineError } from "../errors.ts";
import { valueError } from "./template-error.ts";

/** The longest pattern, in characters. */
const maxPatternLength = 1_000;
/** The longest text that an expression tries a pattern on, in characters. */
const maxSubjectLength = 1024 * 1024;

/** Only the unicode flag gives these a meaning. */
const unicodeOnly = /\\[pP]\{|\\u\{|[\u{10000}-\u{10ffff}]/u;
/** Look-arounds, modifiers and back references: V8's linear engine has none of them. */
const beyondLinear = /\(\?(?!:|<[^=!])|\\[1-9]|\\k</;

let isBounded = false;

/**
 * Compiles a regular expression of JavaScript's syntax. No pattern it gives runs away on hostile input: V8 goes over to
 * its linear engine when backtracking takes too long, and what that engine cannot run (unicode classes, look-arounds,
 * back references) is refused here if it nests unbounded repetitions. Throws EngineError `template`.
 */
export function compilePattern(source: string): RegExp {
  if (source.length > maxPatternLength) throw valueError(`the pattern is longer than ${maxPatternLength} characters`);
  if (!isBounded) {
    setFlagsFromString("--enable-experimental-regexp-engine-on-excessive-backtracks");
    isBounded = true;
  }
  const unicode = unicodeOnly.test(source);
  if ((unicode || beyondLinear.test(source)) && nestsRepetitions(source)) {
    throw valueError(
      `the pattern ${JSON.stringify(source)} repeats a group that repeats inside; with \\p{…}, look-arounds or back references that can take forever`,
    );
  }
  try {
    return new RegExp(source, unicode ? "u" : "");
  } catch (error) {
    throw valueError(`the pattern ${JSON.stringify(source)} is not valid: ${(error as Error).message}`);
  }
}

/** Why `compilePattern` refuses a pattern; null: it takes it. */
export function findPatternProblem(source: string): string | null {
  try {
    compilePattern(source);
    return null;
  } catch (error) {
    if (error instanceof EngineError) return error.message;
    throw error;
  }
}

/** Does the pattern match? Throws EngineError `template` for a text over the bound. */
export function testPattern(pattern: RegExp, text: string): boolean {
  if (text.length > maxSubjectLength) {
    throw valueError(`the text of ${text.length} characters is too long for a pattern (at most ${maxSubjectLength})`);
  }
  return pattern.test(text);
}

const patternParts = /\\[^]|\[(?:\\[^]|[^\]\\])*\]|\(|\)|[*+]|\{\d+,\d*\}|[^]/g;

/** Is a group under an unbounded (or ranged) repetition that holds another one? */
function nestsRepetitions(source: string): boolean {
  const groups: boolean[] = [false];
  let closed = false;
  for (const [part] of source.matchAll(patternParts)) {
    const repeats = part === "*" || part === "+" || (part.startsWith("{") && part.length > 1);
    if (repeats && closed) return true;
    closed = false;
    if (part === "(") groups.push(false);
    else if (part === ")") {
      closed = groups.pop() ?? false;
      if (closed) groups[groups.length - 1] = true;
    } else if (repeats) groups[groups.length - 1] = true;
  }
  return false;
}
