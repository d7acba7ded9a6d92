import { readNumeric } from "../numeric.ts";
import { showValue, valueError } from "../template-error.ts";
import type { FunctionSpec } from "./function-spec.ts";

/** `int(x)`: towards zero · `number(x)`. Both take numbers and numeric texts, blanks around them allowed. */
export const numberFunctions = {
  int: { least: 1, most: 1, call: (args) => truncate(toNumber("int", args[0])) },
  number: { least: 1, most: 1, call: (args) => toNumber("number", args[0]) },
} as const satisfies Record<string, FunctionSpec>;

function toNumber(name: string, value: unknown): number | bigint {
  const number = readNumeric(typeof value === "string" ? value.trim() : value);
  if (number === undefined) throw valueError(`${name}() needs a number or a numeric text, not ${showValue(value)}`);
  return number;
}

function truncate(value: number | bigint): number | bigint {
  return typeof value === "bigint" ? value : Math.trunc(value);
}
