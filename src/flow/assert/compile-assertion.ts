import { EngineError } from "../../errors.ts";
import { showValue } from "../../expression/template-error.ts";
import type { Json } from "../../protocol/json.ts";
import type { Evaluate, StepResult } from "../../protocol/step.ts";
import type { Assertion, Operator } from "../../protocol/workflow.ts";
import { type Languages, plainLanguages } from "../extract/languages.ts";
import { compileSourcePattern } from "../extract/source-pattern.ts";
import { compileStatusCheck } from "./status-check.ts";
import type { JudgeValue } from "./json-schema.ts";
import type { Check } from "./check.ts";
import { operators } from "./operators.ts";
import type { Subject } from "./subjects.ts";
import { subjects } from "./subjects.ts";

/**
 * Compiles one assertion or check. `template` compiles its value; `languages` is needed where `loadLanguages` loads one.
 * Throws EngineError `invalid_workflow` for a path, pattern or value that is not valid.
 */
export function compileAssertion(
  assertion: Assertion,
  template: (value: Json) => Evaluate,
  languages: Languages = plainLanguages,
): Check {
  if (assertion.type === "schema") {
    const judge = languages.schema(assertion.value, `assertion ${assertion.name}`);
    return (_vu, result) => judgeAnswer(judge, result);
  }
  const compileSubject = subjects[assertion.type];
  const rule = assertion.type === "regex" ? completePattern(assertion) : assertion;
  const subject = compileSubject(rule, languages);
  const computed = isFixed(rule.value) ? null : template(rule.value);
  return compileStatusCheck(rule, computed) ?? compileCheck(rule, subject, computed ?? compileFixedValue(rule));
}

function judgeAnswer(judge: JudgeValue, result: StepResult): string | null {
  const value = result.json();
  if (value === undefined) return "schema: the answer is no JSON";
  const problem = judge(value);
  return problem === null ? null : `schema: ${problem}`;
}

const denials: ReadonlySet<Operator> = new Set(["ne", "not_contains"]);

/** A regex assertion's pattern stands under `path` or alone as `value`; a pattern with nothing to compare asks for a match. */
function completePattern(assertion: Assertion): Assertion {
  if (assertion.path === "" && typeof assertion.value === "string") {
    return { ...assertion, path: assertion.value, operator: "exists", value: !denials.has(assertion.operator) };
  }
  if (assertion.operator === "eq" && assertion.value === null) return { ...assertion, operator: "exists", value: true };
  return assertion;
}

/** Without `${` in any text there is nothing to evaluate. */
function isFixed(value: Json): boolean {
  if (typeof value === "string") return !value.includes("${");
  return typeof value !== "object" || value === null || Object.values(value).every(isFixed);
}

function compileFixedValue(assertion: Assertion): Evaluate {
  const problem = operators[assertion.operator].refuses?.(assertion.value) ?? null;
  if (problem !== null) {
    throw new EngineError("invalid_workflow", `assertion ${assertion.name}: \`${assertion.operator}\` ${problem}`);
  }
  const value: unknown =
    assertion.operator === "matches" && typeof assertion.value === "string"
      ? compileSourcePattern(assertion.value, `assertion ${assertion.name}`)
      : assertion.value;
  return () => value;
}

function compileCheck(assertion: Assertion, subject: Subject, value: Evaluate): Check {
  const { holds, print, whenMissing } = operators[assertion.operator];
  return (vu, result) => {
    const found = subject.find(result);
    const expected = value(vu);
    if (found === undefined && whenMissing !== null ? whenMissing : holds(found, expected)) return null;
    const got = subject.shown || found === undefined ? `, got ${showValue(found)}` : "";
    return `${subject.label}: expected ${print(expected)}${got}`;
  };
}
