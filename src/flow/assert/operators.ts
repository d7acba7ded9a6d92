import { compareValues, isEqual, isIn, isTrue } from "../../expression/compare.ts";
import { compilePattern } from "../../expression/pattern.ts";
import { isPlain } from "../../expression/read-member.ts";
import { toText } from "../../expression/text.ts";
import type { Operator } from "../../protocol/workflow.ts";

/** One operator: does it hold for what was found (undefined: nothing was)? */
export interface OperatorSpec {
  /** Between "expected" and the value in messages. */
  readonly phrase: string;
  /** Does `ne 5` hold where nothing was found? Only the denials do. Null: `holds` decides itself. */
  readonly whenMissing: boolean | null;
  readonly holds: (found: unknown, expected: unknown) => boolean;
}

/** Every operator of assertions and checks. Comparisons follow the expressions' rules: numeric texts count as numbers. */
export const operators: Readonly<Record<Operator, OperatorSpec>> = {
  eq: { phrase: "", whenMissing: null, holds: isEqual },
  ne: { phrase: "not ", whenMissing: null, holds: (found, expected) => !isEqual(found, expected) },
  gt: { phrase: "> ", whenMissing: false, holds: (found, expected) => (compareValues(found, expected) ?? 0) > 0 },
  gte: { phrase: ">= ", whenMissing: false, holds: (found, expected) => (compareValues(found, expected) ?? -1) >= 0 },
  lt: { phrase: "< ", whenMissing: false, holds: (found, expected) => (compareValues(found, expected) ?? 0) < 0 },
  lte: { phrase: "<= ", whenMissing: false, holds: (found, expected) => (compareValues(found, expected) ?? 1) <= 0 },
  contains: { phrase: "to contain ", whenMissing: false, holds: contains },
  not_contains: {
    phrase: "not to contain ",
    whenMissing: true,
    holds: (found, expected) => !contains(found, expected),
  },
  starts_with: {
    phrase: "to start with ",
    whenMissing: false,
    holds: (found, expected) => toText(found, "found").startsWith(toText(expected, "value")),
  },
  ends_with: {
    phrase: "to end with ",
    whenMissing: false,
    holds: (found, expected) => toText(found, "found").endsWith(toText(expected, "value")),
  },
  matches: { phrase: "to match ", whenMissing: false, holds: matches },
  in: { phrase: "one of ", whenMissing: false, holds: isIn },
  exists: {
    phrase: "to exist: ",
    whenMissing: null,
    holds: (found, expected) => (found !== undefined) === isWanted(expected),
  },
  empty: {
    phrase: "to be empty: ",
    whenMissing: false,
    holds: (found, expected) => isEmpty(found) === isWanted(expected),
  },
  length: { phrase: "of length ", whenMissing: false, holds: (found, expected) => isEqual(measure(found), expected) },
  type: { phrase: "of type ", whenMissing: false, holds: hasType },
};

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
