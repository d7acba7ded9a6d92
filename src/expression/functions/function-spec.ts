import type { Language } from "../language.ts";
import { showValue, valueError } from "../template-error.ts";
import { toText } from "../text.ts";
import { readNumeric } from "../numeric.ts";

/** One function of the language: how many arguments it takes, and its code. */
export interface FunctionSpec {
  readonly least: number;
  readonly most: number;
  /** `args` has between `least` and `most` values. Throws EngineError `template`. */
  readonly call: (args: readonly unknown[], language: Language) => unknown;
}

/** The argument as text; undefined is an error that names the function. */
export function textArgument(name: string, args: readonly unknown[], index: number): string {
  return toText(args[index], `argument ${index + 1} of ${name}()`);
}

/** The argument as a safe integer; numeric texts count. */
export function integerArgument(name: string, args: readonly unknown[], index: number): number {
  const number = readNumeric(args[index]);
  if (number === undefined || !Number.isSafeInteger(Number(number))) {
    throw valueError(`argument ${index + 1} of ${name}() must be a whole number, not ${showValue(args[index])}`);
  }
  return Number(number);
}
