import { compileTest, compileTree } from "./compile.ts";
import type { Language } from "./language.ts";
import type { Names } from "./names.ts";
import { parseExpression } from "./parser.ts";

/**
 * Compiles an expression; `${x}` inside it is x. The result gives the value, undefined for a missing member, and throws
 * EngineError `template` for a name without a value and for values that an operator or function cannot take.
 * Throws EngineError `template` with the position for a text that is no expression and for unknown names.
 */
export function compileExpression<Scope>(
  text: string,
  names: Names<Scope>,
  language: Language,
): (scope: Scope) => unknown {
  return compileTree(parseExpression(text), { text, names, language });
}

/**
 * As compileExpression, but gives the truth of the value. False are: false, null, no value, 0, the empty text and the
 * text `false`; everything else is true.
 */
export function compileCondition<Scope>(
  text: string,
  names: Names<Scope>,
  language: Language,
): (scope: Scope) => boolean {
  return compileTest(parseExpression(text), { text, names, language });
}
