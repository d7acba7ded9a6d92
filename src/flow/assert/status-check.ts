import { showValue } from "../../expression/template-error.ts";
import type { Json } from "../../protocol/json.ts";
import type { Assertion } from "../../protocol/workflow.ts";
import type { Check } from "./check.ts";
import { readStatusSet } from "./status-set.ts";

/**
 * The fast way for `status` with a fixed value: `eq` one code is one comparison, sets (`[200, "3xx"]`, with eq, in and ne)
 * are one look into a table. null: not such an assertion.
 */
export function compileStatusCheck(assertion: Assertion): Check | null {
  if (assertion.type !== "status") return null;
  const { operator, value } = assertion;
  if (operator !== "eq" && operator !== "in" && operator !== "ne") return null;
  const expected = `status: expected ${operator === "ne" ? "not " : ""}${printSet(value)}, got `;
  if (operator === "eq" && typeof value === "number") {
    return (_vu, result) => (result.statusCode === value ? null : expected + String(result.statusCode));
  }
  const set = readStatusSet(value);
  const wanted = operator === "ne" ? 0 : 1;
  return (_vu, result) => ((set[result.statusCode] ?? 0) === wanted ? null : expected + String(result.statusCode));
}

function printSet(value: Json): string {
  const entries: readonly Json[] = Array.isArray(value) ? (value as readonly Json[]) : [value];
  return entries.map((entry) => (typeof entry === "string" ? entry : showValue(entry))).join(", ");
}
