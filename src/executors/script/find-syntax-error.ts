import { createRequire } from "node:module";
import { Script } from "node:vm";
import type * as Acorn from "acorn";

const require = createRequire(import.meta.url);

/** What is wrong with a script's syntax. */
export interface ScriptSyntaxError {
  readonly message: string;
  /** From 1, in the script's own text. */
  readonly line: number;
  readonly column: number;
}

const tooDeep: ScriptSyntaxError = { message: "it is nested too deep", line: 1, column: 1 };

/** Two ways to hold a function: a text that closes one of them early cannot fit the other. */
const holders = [
  ["(", ")"],
  ["[", "]"],
] as const;

/** The latest JavaScript that the sandbox knows. */
const sandboxYear = 2024;

/** What a text is the body of: a script may wait, a lib may not. */
export type Body = "async function" | "function";

/**
 * Reads a text as the body of a function in strict mode, without running any of it. null: its syntax is fine, also for
 * the sandbox, which knows less than this Node.
 */
export function findSyntaxError(source: string, body: Body): ScriptSyntaxError | null {
  for (const [open, close] of holders) {
    try {
      // Compiles alone. Lines count from the one before the script's first.
      new Script(`${open}${body} () { "use strict";\n${source}\n}${close}`, { filename: "script" });
    } catch (error) {
      return describe(error, source);
    }
  }
  return findTooNew(source, body);
}

/** What this Node reads and the sandbox does not. */
function findTooNew(source: string, body: Body): ScriptSyntaxError | null {
  // Only a workflow with scripts pays for a parser at its start.
  const { parse } = require("acorn") as typeof Acorn;
  try {
    parse(`(${body} () { "use strict";\n${source}\n})`, { ecmaVersion: sandboxYear, sourceType: "script" });
    return null;
  } catch (error) {
    if (error instanceof RangeError) return tooDeep;
    const place = (error as { readonly loc?: { readonly line: number; readonly column: number } }).loc;
    if (!(error instanceof SyntaxError) || place === undefined) throw error;
    const message = `the sandbox knows JavaScript as of ${sandboxYear}: ${error.message.replace(/ \(\d+:\d+\)$/, "")}`;
    return { message, line: Math.max(place.line - 1, 1), column: place.column + 1 };
  }
}

function describe(error: unknown, source: string): ScriptSyntaxError {
  if (error instanceof RangeError) return tooDeep;
  if (!(error instanceof SyntaxError)) throw error;
  // `script:3`, the line of the text, `   ^^^`.
  const [place = "", , carets = ""] = (error.stack ?? "").split("\n");
  const line = Number(/:(\d+)$/.exec(place)?.[1] ?? 2) - 1;
  const last = source.split("\n").length;
  if (line > last) {
    const end = source.trimEnd().split("\n");
    return { message: "it ends too early", line: end.length, column: (end.at(-1)?.length ?? 0) + 1 };
  }
  return { message: error.message, line: Math.max(line, 1), column: Math.max(carets.search(/\^/) + 1, 1) };
}
