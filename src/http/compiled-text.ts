import { toText } from "../expression/text.ts";
import type { StepContext, VirtualUser } from "../protocol/step.ts";

/** A text of a request: fixed, or made anew for each. */
export interface CompiledText {
  /** undefined: it has to be evaluated. */
  readonly constant: string | undefined;
  /** Throws EngineError `template`. */
  readonly evaluate: (vu: VirtualUser) => string;
}

/** A text that is always the same. */
export function constantText(value: string): CompiledText {
  return { constant: value, evaluate: () => value };
}

/** Compiles a template into text: numbers with their digits, lists and objects as JSON. */
export function compileText(text: string, context: Pick<StepContext, "template" | "constant">): CompiledText {
  const constant = context.constant(text);
  if (constant !== undefined) return constantText(constant);
  const evaluate = context.template(text);
  return {
    constant: undefined,
    evaluate: (vu) => {
      const value = evaluate(vu);
      return typeof value === "string" ? value : toText(value, text);
    },
  };
}

/** One text made of several; made at once where all of them are constant. */
export function combineTexts(
  texts: readonly CompiledText[],
  combine: (values: readonly string[]) => string,
): CompiledText {
  const constants = texts.map((text) => text.constant);
  if (constants.every((constant) => constant !== undefined)) return constantText(combine(constants));
  const values: string[] = [];
  return {
    constant: undefined,
    // The list is the same for every call: `combine` keeps none of it.
    evaluate: (vu) => {
      for (let i = 0; i < texts.length; i++) values[i] = texts[i]?.evaluate(vu) ?? "";
      return combine(values);
    },
  };
}
