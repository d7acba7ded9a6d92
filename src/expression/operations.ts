import { compareValues, isEqual, isIn } from "./compare.ts";
import type { ArithmeticOperator } from "./numeric.ts";
import { calculate, readNumeric } from "./numeric.ts";
import { compilePattern, testPattern } from "./pattern.ts";
import { showValue, valueError } from "./template-error.ts";
import { toText, tooLong, maxTextLength } from "./text.ts";
import type { BinaryOperator } from "./tree.ts";

type Operation = (left: unknown, right: unknown) => unknown;

/** The operators that look at both sides; `??`, `&&` and `||` are control flow. */
export const operations: Readonly<Record<Exclude<BinaryOperator, "??" | "&&" | "||">, Operation>> = {
  "==": isEqual,
  "!=": (left, right) => !isEqual(left, right),
  "<": (left, right) => (compareValues(left, right) ?? 0) < 0,
  "<=": (left, right) => (compareValues(left, right) ?? 1) <= 0,
  ">": (left, right) => (compareValues(left, right) ?? 0) > 0,
  ">=": (left, right) => (compareValues(left, right) ?? -1) >= 0,
  in: isIn,
  matches: matchDynamic,
  "+": add,
  "-": (left, right) => calculateValues("-", left, right),
  "*": (left, right) => calculateValues("*", left, right),
  "/": (left, right) => calculateValues("/", left, right),
  "%": (left, right) => calculateValues("%", left, right),
};

/** The negative of a number or numeric text. */
export function negate(value: unknown): unknown {
  return calculate("-", 0, requireNumeric(value, "-"));
}

/** Two numbers are added, everything else is joined as text. */
function add(left: unknown, right: unknown): unknown {
  if (typeof left === "number" && typeof right === "number") return calculate("+", left, right);
  if (isNumber(left) && isNumber(right)) return calculate("+", left, right);
  const first = toText(left, "the left side of +");
  const second = toText(right, "the right side of +");
  if (first.length + second.length > maxTextLength) throw tooLong();
  return first + second;
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function calculateValues(operator: ArithmeticOperator, left: unknown, right: unknown): unknown {
  return calculate(operator, requireNumeric(left, operator), requireNumeric(right, operator));
}

function requireNumeric(value: unknown, operator: string): number | bigint {
  const number = readNumeric(value);
  if (number === undefined) throw valueError(`\`${operator}\` needs numbers, not ${showValue(value)}`);
  return number;
}

function matchDynamic(left: unknown, right: unknown): boolean {
  if (typeof right !== "string")
    throw valueError(`the right side of \`matches\` must be a pattern, not ${showValue(right)}`);
  return testPattern(compilePattern(right), toText(left, "the left side of matches"));
}
