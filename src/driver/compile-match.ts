import { compilePattern, testPattern } from "../expression/pattern.ts";
import { compileText } from "../http/compiled-text.ts";
import { parseJson } from "../http/parse-json.ts";
import type { MessageMatch } from "./message-match.ts";
import type { Evaluate, StepContext } from "../protocol/step.ts";

/** Does a message of this text match? Throws EngineError `template` for a text too long for a pattern. */
export type Matches = (text: string) => boolean;

/** Compiles what a step waits for; null: any message. Evaluating throws EngineError `template` for a bad pattern. */
export function compileMatch(match: MessageMatch | null, templates: StepContext): Evaluate<Matches> | null {
  if (match === null) return null;
  const contains = match.contains === null ? null : compileText(match.contains, templates);
  const regex = match.regex === null ? null : compileText(match.regex, templates);
  const json = match.json === null ? null : templates.templateJson(match.json.value);
  let source: string | null = null;
  let pattern: RegExp = /(?:)/;
  const patternOf = (text: string): RegExp => {
    if (text !== source) {
      pattern = compilePattern(text);
      source = text;
    }
    return pattern;
  };
  if (regex?.constant !== undefined) patternOf(regex.constant);

  return (vu) => {
    const part = contains?.evaluate(vu);
    const wanted = regex === null ? null : patternOf(regex.evaluate(vu));
    const members = json?.(vu);
    return (text) =>
      (part === undefined || text.includes(part)) &&
      (wanted === null || testPattern(wanted, text)) &&
      (json === null || hasMembers(parseJson(text), members));
  };
}

/** Has a value all that `wanted` has? Numbers are equal by value, however many digits they have. */
export function hasMembers(value: unknown, wanted: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null) {
    if (typeof wanted === "bigint" || typeof value === "bigint") return String(wanted) === String(value);
    return value === wanted;
  }
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(wanted)) {
    if (!Array.isArray(value) || value.length !== wanted.length) return false;
    return wanted.every((item, place) => hasMembers(value[place], item));
  }
  const members = value as Record<string, unknown>;
  return Object.entries(wanted).every(([key, item]) => Object.hasOwn(members, key) && hasMembers(members[key], item));
}
