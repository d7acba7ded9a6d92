import { EngineError } from "../../errors.ts";
import { showValue } from "../../expression/template-error.ts";
import type { Json } from "../../protocol/json.ts";
import type { Evaluate } from "../../protocol/step.ts";
import type { Assertion } from "../../protocol/workflow.ts";
import type { Check } from "./check.ts";
import type { StatusSet } from "./status-set.ts";
import { readStatusSet } from "./status-set.ts";

/**
 * The way of `status` with eq, in and ne, which know sets (`[200, "3xx"]`): a fixed code is one comparison, a fixed set
 * one look into a table. `evaluate`: the value is computed; null: it is fixed. Gives null for other assertions.
 */
export function compileStatusCheck(assertion: Assertion, evaluate: Evaluate | null): Check | null {
  if (assertion.type !== "status") return null;
  const { operator, value } = assertion;
  if (operator !== "eq" && operator !== "in" && operator !== "ne") return null;
  const wanted = operator === "ne" ? 0 : 1;
  if (evaluate !== null) return compileComputed(evaluate, wanted);
  const expected = printExpected(value, wanted);
  if (operator === "eq" && typeof value === "number") {
    return (_vu, result) => (result.statusCode === value ? null : expected + String(result.statusCode));
  }
  const set = readStatusSet(value);
  return (_vu, result) => ((set[result.statusCode] ?? 0) === wanted ? null : expected + String(result.statusCode));
}

function compileComputed(evaluate: Evaluate, wanted: 0 | 1): Check {
  return (vu, result) => {
    const value = evaluate(vu) as Json;
    const set = readComputedSet(value);
    return (set[result.statusCode] ?? 0) === wanted ? null : printExpected(value, wanted) + String(result.statusCode);
  };
}

/** A computed value that is no status is the fault of the data, not of the workflow's text. */
function readComputedSet(value: Json): StatusSet {
  try {
    return readStatusSet(value);
  } catch (error) {
    throw new EngineError("template", (error as Error).message, { cause: error });
  }
}

function printExpected(value: Json, wanted: 0 | 1): string {
  const entries: readonly Json[] = Array.isArray(value) ? (value as readonly Json[]) : [value];
  const text = entries.map((entry) => (typeof entry === "string" ? entry : showValue(entry))).join(", ");
  return `status: expected ${wanted === 0 ? "not " : ""}${text}, got `;
}
