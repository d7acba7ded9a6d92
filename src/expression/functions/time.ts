import type { Language } from "../language.ts";
import { readNumeric } from "../numeric.ts";
import { showValue, valueError } from "../template-error.ts";
import type { FunctionSpec } from "./function-spec.ts";
import { textArgument } from "./function-spec.ts";

/**
 * `now()`: whole milliseconds since the Unix epoch · `date(format?, time?)`: UTC text of a time (milliseconds since the
 * epoch or RFC 3339 text; now unless given). Formats are made of `yyyy MM dd HH mm ss SSS`, other characters stand for
 * themselves; without a format: RFC 3339 with milliseconds.
 */
export const timeFunctions = {
  now: { least: 0, most: 0, call: (_args, language) => Math.floor(language.wall()) },
  date: { least: 0, most: 2, call: formatDate },
} as const satisfies Record<string, FunctionSpec>;

const fields = /yyyy|MM|dd|HH|mm|ss|SSS/g;

function formatDate(args: readonly unknown[], language: Language): string {
  const date = readDate(args[1] ?? language.wall());
  const iso = date.toISOString();
  if (args.length === 0 || args[0] === null) return iso;
  const year = iso.slice(0, -20);
  const rest = iso.slice(-20);
  return textArgument("date", args, 0).replace(fields, (field) => {
    switch (field) {
      case "yyyy":
        return year;
      case "MM":
        return rest.slice(1, 3);
      case "dd":
        return rest.slice(4, 6);
      case "HH":
        return rest.slice(7, 9);
      case "mm":
        return rest.slice(10, 12);
      case "ss":
        return rest.slice(13, 15);
      default:
        return rest.slice(16, 19);
    }
  });
}

function readDate(value: unknown): Date {
  const number = readNumeric(value);
  const date = number === undefined && typeof value === "string" ? new Date(value) : new Date(Number(number));
  if (Number.isNaN(date.getTime()))
    throw valueError(`date() needs a time in milliseconds or an RFC 3339 text, not ${showValue(value)}`);
  return date;
}
