import { compareValues, isEqual, isIn, isTrue } from "../../expression/compare.ts";
import { compilePattern } from "../../expression/pattern.ts";
import { isPlain } from "../../expression/read-member.ts";
import { readNumeric } from "../../expression/numeric.ts";
import { showValue } from "../../expression/template-error.ts";
import { toText } from "../../expression/text.ts";
import type { Operator } from "../../protocol/workflow.ts";

/** One operator: does it hold for what was found (undefined: nothing was)? */
export interface OperatorSpec {
  /** What stands after "expected" in messages. */
  readonly print: (expected: unknown) => string;
  /** Does it hold where nothing was found? null: `holds` decides. */
  readonly whenMissing: boolean | null;
  readonly holds: (found: unknown, expected: unknown) => boolean;
  /** null, or why this fixed value makes no sense: "needs …, not …". */
  readonly refuses?: (expected: unknown) => string | null;
}

/** Every operator of assertions and checks. Comparisons follow the expressions' rules: numeric texts count as numbers. */
export const operators: Readonly<Record<Operator, OperatorSpec>> = {
  eq: { print: printValue, whenMissing: null, holds: isEqual },
  ne: {
    print: (expected) => `not ${printValue(expected)}`,
    whenMissing: null,
    holds: (found, expected) => !isEqual(found, expected),
  },
  gt: {
    print: (expected) => `> ${printValue(expected)}`,
    whenMissing: false,
    holds: (found, expected) => (compareValues(found, expected) ?? 0) > 0,
  },
  gte: {
    print: (expected) => `>= ${printValue(expected)}`,
    whenMissing: false,
    holds: (found, expected) => (compareValues(found, expected) ?? -1) >= 0,
  },
  lt: {
    print: (expected) => `< ${printValue(expected)}`,
    whenMissing: false,
    holds: (found, expected) => (compareValues(found, expected) ?? 0) < 0,
  },
  lte: {
    print: (expected) => `<= ${printValue(expected)}`,
    whenMissing: false,
    holds: (found, expected) => (compareValues(found, expected) ?? 1) <= 0,
  },
  contains: { print: (expected) => `to contain ${printValue(expected)}`, whenMissing: false, holds: contains },
  not_contains: {
    print: (expected) => `not to contain ${printValue(expected)}`,
    whenMissing: true,
    holds: (found, expected) => !contains(found, expected),
  },
  starts_with: {
    print: (expected) => `to start with ${printValue(expected)}`,
    whenMissing: false,
    holds: (found, expected) => toText(found, "found").startsWith(toText(expected, "value")),
  },
  ends_with: {
    print: (expected) => `to end with ${printValue(expected)}`,
    whenMissing: false,
    holds: (found, expected) => toText(found, "found").endsWith(toText(expected, "value")),
  },
  matches: {
    print: (expected) => `to match ${printValue(expected)}`,
    whenMissing: false,
    holds: matches,
    refuses: (expected) => (typeof expected === "string" ? null : `needs a pattern, not ${showValue(expected)}`),
  },
  in: {
    print: (expected) => `one of ${printValue(expected)}`,
    whenMissing: false,
    holds: isIn,
    refuses: (expected) =>
      typeof expected === "string" || (typeof expected === "object" && expected !== null)
        ? null
        : `needs a list, a text or an object, not ${showValue(expected)}`,
  },
  exists: {
    print: (expected) => (isWanted(expected) ? "a value" : "no value"),
    whenMissing: null,
    holds: (found, expected) => (found !== undefined) === isWanted(expected),
  },
  empty: {
    print: (expected) => (isWanted(expected) ? "an empty value" : "a value that is not empty"),
    whenMissing: false,
    holds: (found, expected) => isEmpty(found) === isWanted(expected),
  },
  length: {
    print: (expected) => `the length ${printValue(expected)}`,
    whenMissing: false,
    holds: (found, expected) => isEqual(measure(found), expected),
    refuses: (expected) =>
      Number.isSafeInteger(Number(readNumeric(expected))) ? null : `needs a whole number, not ${showValue(expected)}`,
  },
  type: {
    print: (expected) => `the type ${typeof expected === "string" ? expected : printValue(expected)}`,
    whenMissing: false,
    holds: hasType,
    refuses: (expected) =>
      typeNames.includes(String(expected)) ? null : `needs one of ${typeNames.join(", ")}, not ${showValue(expected)}`,
  },
};

const typeNames = ["string", "number", "integer", "boolean", "null", "array", "object"];

function printValue(expected: unknown): string {
  if (expected instanceof RegExp) return `/${expected.source}/`;
  return Array.isArray(expected) ? `[${expected.slice(0, 10).map(showValue).join(", ")}]` : showValue(expected);
}

/** `exists` and `empty` without a value ask for true. */
function isWanted(expected: unknown): boolean {
  return expected === null || expected === undefined || isTrue(expected);
}

function contains(found: unknown, expected: unknown): boolean {
  if (typeof found === "object" && found !== null) return isIn(expected, found);
  return toText(found, "found").includes(toText(expected, "value"));
}

function matches(found: unknown, expected: unknown): boolean {
  const pattern = expected instanceof RegExp ? expected : compilePattern(toText(expected, "value"));
  return pattern.test(toText(found, "found"));
}

function isEmpty(found: unknown): boolean {
  return found === null || measure(found) === 0;
}

/** Characters of a text (UTF-16 units), items of a list, keys of an object; null for everything else. */
function measure(found: unknown): number | null {
  if (typeof found === "string" || Array.isArray(found)) return found.length;
  return typeof found === "object" && found !== null && isPlain(found) ? Object.keys(found).length : null;
}

function hasType(found: unknown, expected: unknown): boolean {
  switch (expected) {
    case "string":
    case "boolean":
      return typeof found === expected;
    case "number":
      return typeof found === "number" || typeof found === "bigint";
    case "integer":
      return typeof found === "bigint" || Number.isInteger(found);
    case "null":
      return found === null;
    case "array":
      return Array.isArray(found);
    case "object":
      return typeof found === "object" && found !== null && !Array.isArray(found);
    default:
      return false;
  }
}
