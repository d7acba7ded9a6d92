import { showValue, valueError } from "./template-error.ts";

/** A number, exact beyond 2^53 as bigint. */
export type Numeric = number | bigint;

const numericText = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const maxDigits = 1_000;
const largest = 10n ** BigInt(maxDigits);

/** The number that a number or numeric text is; undefined for everything else. Long integers keep their digits. */
export function readNumeric(value: unknown): Numeric | undefined {
  if (typeof value === "number") return Number.isNaN(value) ? undefined : value;
  if (typeof value === "bigint") return value;
  if (typeof value !== "string" || value.length > maxDigits || !numericText.test(value)) return undefined;
  const number = Number(value);
  if (Number.isInteger(number) && !Number.isSafeInteger(number) && /^[+-]?\d+$/.test(value)) {
    return BigInt(value.startsWith("+") ? value.slice(1) : value);
  }
  return Number.isFinite(number) ? number : undefined;
}

export type ArithmeticOperator = "+" | "-" | "*" | "/" | "%";

/**
 * Numbers in, a number out: integers stay exact beyond 2^53, `/` gives a fraction where one remains, `%` has the sign
 * of its left side. Throws EngineError `template` for a division by zero and for results that are no finite number.
 */
export function calculate(operator: ArithmeticOperator, left: Numeric, right: Numeric): Numeric {
  if ((operator === "/" || operator === "%") && Number(right) === 0) {
    throw valueError(`cannot divide ${showValue(left)} by zero`);
  }
  if (typeof left === "number" && typeof right === "number") {
    const result = onNumbers[operator](left, right);
    const exact = Number.isSafeInteger(result) || operator === "/" || !isExact(left) || !isExact(right);
    if (exact) return checkFinite(result, operator, left, right);
  }
  if (!isExact(left) || !isExact(right))
    return checkFinite(onNumbers[operator](Number(left), Number(right)), operator, left, right);
  return onIntegers[operator](BigInt(left), BigInt(right));
}

/** A safe integer or bigint: what a longer integer can be made of without inventing digits. */
function isExact(value: Numeric): boolean {
  return typeof value === "bigint" || Number.isSafeInteger(value);
}

const onNumbers: Readonly<Record<ArithmeticOperator, (left: number, right: number) => number>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
  "%": (left, right) => left % right,
};

const onIntegers: Readonly<Record<ArithmeticOperator, (left: bigint, right: bigint) => Numeric>> = {
  "+": (left, right) => shrink(left + right),
  "-": (left, right) => shrink(left - right),
  "*": (left, right) => shrink(left * right),
  "/": (left, right) =>
    left % right === 0n ? shrink(left / right) : checkFinite(Number(left) / Number(right), "/", left, right),
  "%": (left, right) => shrink(left % right),
};

/** A bigint only where a number would lose digits. */
function shrink(value: bigint): Numeric {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  if (value > largest || value < -largest) throw valueError(`the number has more than ${maxDigits} digits`);
  return value;
}

function checkFinite(result: number, operator: string, left: Numeric, right: Numeric): number {
  if (Number.isFinite(result)) return result;
  throw valueError(`${showValue(left)} ${operator} ${showValue(right)} is not a finite number`);
}
