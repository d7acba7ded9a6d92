import { fromSandboxJson } from "./sandbox-json.ts";
import type { Effect } from "./script-effects.ts";
import type { Question, ScriptEnd } from "./script-run.ts";

interface EndedText {
  readonly o?: unknown;
  readonly e?: string;
  readonly f?: readonly Effect[];
}

interface AskText {
  readonly k: Question["kind"];
  readonly w: unknown;
  readonly f: readonly Effect[];
}

/** A question in the words of a sandbox, with what the run did before it. */
export function readQuestion(text: string): Omit<Question, "number"> & { readonly effects: readonly Effect[] } {
  const { k: kind, w: what, f: effects } = fromSandboxJson(text) as AskText;
  return { kind, what, effects };
}

/** How a run ended in the words of its sandbox, with what it did since its latest question. */
export function readEnd(text: string): { readonly how: ScriptEnd; readonly effects: readonly Effect[] | undefined } {
  const { o, e, f: effects } = fromSandboxJson(text) as EndedText;
  return { how: e === undefined ? { type: "returned", output: o } : { type: "failed", message: e }, effects };
}

/** How a run ended that was ended from outside. */
export function describeStop(reason: "expired" | "cancelled" | "fault", message: string): ScriptEnd {
  if (reason === "expired") return { type: "expired" };
  return reason === "cancelled" ? { type: "interrupted" } : { type: "failed", message };
}
