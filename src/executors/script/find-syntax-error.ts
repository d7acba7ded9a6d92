import { Script } from "node:vm";

/** What is wrong with a script's syntax. */
export interface ScriptSyntaxError {
  readonly message: string;
  /** From 1, in the script's own text. */
  readonly line: number;
  readonly column: number;
}

/** Two ways to hold a function: a text that closes one of them early cannot fit the other. */
const holders = [
  ["(", ")"],
  ["[", "]"],
] as const;

/**
 * Reads a script as the body of an async function in strict mode, without running any of it. null: its syntax is fine.
 */
export function findSyntaxError(source: string): ScriptSyntaxError | null {
  for (const [open, close] of holders) {
    try {
      // Compiles alone. Lines count from the one before the script's first.
      new Script(`${open}async function () { "use strict";\n${source}\n}${close}`, { filename: "script" });
    } catch (error) {
      return describe(error, source);
    }
  }
  return null;
}

function describe(error: unknown, source: string): ScriptSyntaxError {
  if (error instanceof RangeError) return { message: "it is nested too deep", line: 1, column: 1 };
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
