import { valueError } from "./template-error.ts";

/** The longest pattern, in characters. */
const maxPatternLength = 1_000;
/** The longest text that a pattern is tried on, in characters. */
const maxSubjectLength = 1024 * 1024;

/** Compiles a regular expression (JavaScript's syntax, unicode). Throws EngineError `template` for one that is not valid. */
export function compilePattern(source: string, flags = "u"): RegExp {
  if (source.length > maxPatternLength) throw valueError(`the pattern is longer than ${maxPatternLength} characters`);
  try {
    return new RegExp(source, flags);
  } catch (error) {
    // Without the unicode flag JavaScript takes escapes such as `\-` and `\_` literally, as other engines do.
    try {
      return new RegExp(source, flags.replace("u", ""));
    } catch {
      throw valueError(`the pattern ${JSON.stringify(source)} is not valid: ${(error as Error).message}`);
    }
  }
}

/** The first match. Throws EngineError `template` for a text over the bound. */
export function matchPattern(pattern: RegExp, text: string): RegExpExecArray | null {
  if (text.length > maxSubjectLength)
    throw valueError(`the text of ${text.length} characters is too long for a pattern (at most ${maxSubjectLength})`);
  return pattern.exec(text);
}
