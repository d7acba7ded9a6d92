import * as fc from "fast-check";
import { expect, it } from "vitest";
import { EngineError } from "../errors.ts";
import { compileExpression } from "./expression.ts";
import type { Language } from "./language.ts";
import type { Names } from "./names.ts";

type Value = null | boolean | number | string;

/** A tiny expression of its own, so that the tests share nothing with the parser. */
type Term =
  | { readonly is: "value"; readonly value: Value }
  | { readonly is: "name"; readonly name: string }
  | { readonly is: "not" | "minus"; readonly term: Term }
  | { readonly is: "two"; readonly operator: string; readonly left: Term; readonly right: Term }
  | { readonly is: "choice"; readonly test: Term; readonly yes: Term; readonly no: Term };

const strengths: Readonly<Record<string, number>> = {
  "??": 1,
  "||": 2,
  "&&": 3,
  "==": 5,
  "!=": 5,
  "<": 5,
  "<=": 5,
  ">": 5,
  ">=": 5,
  "+": 6,
  "-": 6,
  "*": 7,
  "/": 7,
  "%": 7,
};
const words: Readonly<Record<string, string>> = { "&&": "AND", "||": "OR" };
const scope: Readonly<Record<string, Value>> = { a: 3, b: "12", c: "x", d: null, e: true };
const names: Names<typeof scope> = { resolve: (name) => (name in scope ? (values) => values[name] : undefined) };
const language: Language = { random: () => 0.5, wall: () => 0 };

const terms = fc.letrec<{ term: Term }>((tie) => ({
  term: fc.oneof(
    { maxDepth: 6, depthSize: "medium" },
    fc.record({
      is: fc.constant("value" as const),
      value: fc.oneof(
        fc.constant(null),
        fc.boolean(),
        fc.integer({ min: 0, max: 20 }),
        fc.constantFrom("", "x", "7", "1.5", 'q"\\', "false"),
      ),
    }),
    fc.record({ is: fc.constant("name" as const), name: fc.constantFrom("a", "b", "c", "d", "e") }),
    fc.record({ is: fc.constantFrom("not" as const, "minus" as const), term: tie("term") }),
    fc.record({
      is: fc.constant("two" as const),
      operator: fc.constantFrom(...Object.keys(strengths)),
      left: tie("term"),
      right: tie("term"),
    }),
    fc.record({ is: fc.constant("choice" as const), test: tie("term"), yes: tie("term"), no: tie("term") }),
  ),
}));

/** Prints with no more parentheses than needed; `word` chooses AND and OR over && and ||. */
function print(term: Term, least: number, word: boolean): string {
  switch (term.is) {
    case "value":
      return typeof term.value === "string" ? JSON.stringify(term.value) : String(term.value);
    case "name":
      return word ? `\${${term.name}}` : term.name;
    case "not":
      return `!${print(term.term, 8, word)}`;
    case "minus":
      return `-${print(term.term, 8, word)}`;
    case "choice":
      return wrap(`${print(term.test, 1, word)} ? ${print(term.yes, 0, word)} : ${print(term.no, 0, word)}`, least > 0);
    default: {
      const strength = strengths[term.operator] ?? 0;
      const chained = strength === 5 || term.operator !== "??" ? strength : strength + 1;
      const left = print(term.left, strength === 5 ? 6 : chained, word);
      const right = print(term.right, term.operator === "??" ? strength : strength + 1, word);
      return wrap(
        `${left} ${word ? (words[term.operator] ?? term.operator) : term.operator} ${right}`,
        strength < least,
      );
    }
  }
}

function wrap(text: string, needed: boolean): string {
  return needed ? `(${text})` : text;
}

class Refused extends Error {}

function isTrue(value: Value): boolean {
  return ![false, null, 0, "", "false" as Value].includes(value);
}

function toNumber(value: Value): number | null {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : null;
}

function order(left: Value, right: Value): number | null {
  if (left === null || right === null) return null;
  const [first, second] = [toNumber(left), toNumber(right)];
  if (first !== null && second !== null) return Math.sign(first - second);
  return String(left) < String(right) ? -1 : String(left) > String(right) ? 1 : 0;
}

function evaluate(term: Term): Value {
  switch (term.is) {
    case "value":
      return term.value;
    case "name":
      return scope[term.name] ?? null;
    case "not":
      return !isTrue(evaluate(term.term));
    case "minus":
      return calculate("-", 0, evaluate(term.term));
    case "choice":
      return evaluate(isTrue(evaluate(term.test)) ? term.yes : term.no);
    default:
      return evaluateTwo(term.operator, term.left, term.right);
  }
}

function evaluateTwo(operator: string, leftTerm: Term, rightTerm: Term): Value {
  const left = evaluate(leftTerm);
  if (operator === "??") return left ?? evaluate(rightTerm);
  if (operator === "&&") return isTrue(left) ? evaluate(rightTerm) : left;
  if (operator === "||") return isTrue(left) ? left : evaluate(rightTerm);
  const right = evaluate(rightTerm);
  const same = left === null || right === null ? left === right : order(left, right) === 0;
  const sign = order(left, right);
  switch (operator) {
    case "==":
      return same;
    case "!=":
      return !same;
    case "<":
      return sign === -1;
    case "<=":
      return sign === -1 || sign === 0;
    case ">":
      return sign === 1;
    case ">=":
      return sign === 1 || sign === 0;
    case "+":
      return typeof left === "number" && typeof right === "number" ? left + right : String(left) + String(right);
    default:
      return calculate(operator, left, right);
  }
}

function calculate(operator: string, left: Value, right: Value): number {
  const [first, second] = [toNumber(left), toNumber(right)];
  if (first === null || second === null) throw new Refused();
  if (operator === "-") return first - second;
  if (operator === "*") return first * second;
  if (second === 0) throw new Refused();
  return operator === "/" ? first / second : first % second;
}

function attempt(run: () => unknown): unknown {
  try {
    const value = run();
    // Texts of very large and small numbers are not what this property is about.
    return typeof value === "number" ? value + 0 : value;
  } catch (error) {
    if (error instanceof Refused || (error instanceof EngineError && error.code === "template")) return "refused";
    throw error;
  }
}

/** Beyond 2^53 the language is exact and the reference is not. */
function isSmall(value: unknown): boolean {
  return typeof value === "bigint"
    ? false
    : typeof value !== "number" || (Math.abs(value) < 2 ** 53 && !String(value).includes("e"));
}

it("any expression, printed and read back gives the reference's value", () => {
  fc.assert(
    fc.property(terms.term, fc.boolean(), (tree, word) => {
      const text = print(tree, 0, word);
      const value = attempt(() => compileExpression(text, names, language)(scope));
      fc.pre(isSmall(value) && !(typeof value === "string" && /e[-+]|\d{16}/.test(value)));
      expect(value, text).toEqual(attempt(() => evaluate(tree)));
    }),
    { numRuns: 1_500 },
  );
});
