import type { Touches } from "./script-config.ts";

/** The globals through which a script reaches variables, each use with the call that follows it. */
const use =
  /(?<![\w$.#])(?:(?:vars|ctx)|pm)(?![\w$])(?:\s*\.\s*([A-Za-z]+)(?:\s*\.\s*([A-Za-z]+))?(?:\s*\(\s*(?:(["'`])((?:(?!\3)[^\\$\n])*)\3\s*[,)])?)?|(\s+(?!(?:in|of|instanceof)\b)[\p{L}\d]))?/gu;
const scopes: ReadonlySet<string> = new Set(["environment", "variables", "globals", "collectionVariables"]);
const getters: ReadonlySet<string> = new Set(["get", "has", "GetVariable", "getVariable"]);
const setters: ReadonlySet<string> = new Set(["set", "del", "unset", "SetVariable", "setVariable"]);

/**
 * Tells from the texts of a script and its libs which variables they name. A name that is no plain literal, or an API
 * object that is handed around, makes it "any": slower and less checked, never wrong.
 */
export function findTouches(texts: readonly string[]): Touches {
  const sets = new Set<string>();
  const reads = new Set<string>();
  let setsAny = false;
  let readsAny = false;
  for (const text of texts) {
    for (const [whole, first, second, , literal, word] of text.matchAll(use)) {
      // An identifier before a word is no code: a comment.
      if (word !== undefined) continue;
      const isPm = whole.startsWith("pm");
      if (isPm && first !== undefined && !scopes.has(first)) continue;
      const method = isPm ? second : first;
      const isGetter = method !== undefined && getters.has(method);
      const isSetter = method !== undefined && setters.has(method);
      if (literal === undefined || (!isGetter && !isSetter)) {
        setsAny ||= !isGetter;
        readsAny ||= !isSetter;
      } else (isGetter ? reads : sets).add(literal);
    }
  }
  return {
    sets: setsAny ? null : [...sets],
    reads: readsAny ? null : [...reads],
    response: texts.some((text) => /\bresponse\b/.test(text)),
  };
}
