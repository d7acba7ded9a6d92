import { compileCondition, compileExpression } from "../expression/expression.ts";
import { compileJsonTemplate } from "../expression/json-template.ts";
import type { Language } from "../expression/language.ts";
import { compileTemplate } from "../expression/template.ts";
import { missingError } from "../expression/text.ts";
import type { Json } from "../protocol/json.ts";
import type { Evaluate, VirtualUser } from "../protocol/step.ts";
import type { FlowVu } from "./flow-vu.ts";
import type { PhaseNames } from "./names.ts";

/** Compiles the texts of one phase of a workflow under its names. All throw EngineError `template` with the position. */
export interface Texts {
  template(text: string): Evaluate;
  templateJson(value: Json): Evaluate;
  /** The text of a template without `${…}`, else undefined. */
  constant(text: string): string | undefined;
  condition(text: string): Evaluate<boolean>;
  variable(name: string): Evaluate;
  variableNames(vu: VirtualUser): Iterable<string>;
  /** An expression that must have a value. */
  expression(text: string): Evaluate;
}

/** `enter` is told whose text is evaluated; null: nobody asks. */
export function createTexts(names: PhaseNames, language: Language, enter: ((vu: FlowVu) => void) | null = null): Texts {
  const asEvaluate = <Value>(evaluate: (vu: FlowVu) => Value): Evaluate<Value> => {
    if (enter === null) return toEvaluate(evaluate);
    return toEvaluate((vu) => {
      enter(vu);
      return evaluate(vu);
    });
  };
  return {
    template: (text) => asEvaluate(compileTemplate(text, names, language).evaluate),
    templateJson: (value) => asEvaluate(compileJsonTemplate(value, names, language).evaluate),
    constant: (text) => compileTemplate(text, names, language).constant,
    expression: (text) => {
      const evaluate = compileExpression(text, names, language);
      return asEvaluate((vu) => {
        const value = evaluate(vu);
        if (value === undefined) throw missingError(text);
        return value;
      });
    },
    condition: (text) => asEvaluate(compileCondition(text, names, language)),
    variable: (name) => asEvaluate(names.variable(name)),
    variableNames: (vu) => names.variableNames(vu as FlowVu),
  };
}

/** Executors know a VU by its interface; every VU they get was made by flow. */
function toEvaluate<Value>(evaluate: (vu: FlowVu) => Value): Evaluate<Value> {
  return evaluate as Evaluate<Value>;
}
