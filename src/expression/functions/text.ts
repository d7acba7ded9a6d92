import { valueError } from "../template-error.ts";
import { checkLength, maxTextLength, toJsonText, tooLong } from "../text.ts";
import type { FunctionSpec } from "./function-spec.ts";
import { integerArgument, textArgument } from "./function-spec.ts";

/**
 * `text(x)` · `json(x)`: x as JSON · `lower(t) upper(t) trim(t)` · `substr(t, start, length?)`: from 0, a negative start counts
 * from the end · `replace(t, part, by)`: every occurrence · `url_encode(t)` · `base64(t) base64_decode(t)`: of UTF-8.
 */
export const textFunctions = {
  text: { least: 1, most: 1, call: (args) => textArgument("text", args, 0) },
  json: { least: 1, most: 1, call: (args) => toJsonText(args[0]) },
  lower: { least: 1, most: 1, call: (args) => textArgument("lower", args, 0).toLowerCase() },
  upper: { least: 1, most: 1, call: (args) => textArgument("upper", args, 0).toUpperCase() },
  trim: { least: 1, most: 1, call: (args) => textArgument("trim", args, 0).trim() },
  substr: { least: 2, most: 3, call: cutText },
  replace: { least: 3, most: 3, call: replaceText },
  url_encode: { least: 1, most: 1, call: (args) => encodeUrl(textArgument("url_encode", args, 0)) },
  base64: {
    least: 1,
    most: 1,
    call: (args) => checkLength(Buffer.from(textArgument("base64", args, 0)).toString("base64")),
  },
  base64_decode: { least: 1, most: 1, call: (args) => decodeBase64(textArgument("base64_decode", args, 0)) },
} as const satisfies Record<string, FunctionSpec>;

function cutText(args: readonly unknown[]): string {
  const text = textArgument("substr", args, 0);
  const start = integerArgument("substr", args, 1);
  const from = start < 0 ? Math.max(0, text.length + start) : start;
  if (args.length < 3) return text.slice(from);
  const length = integerArgument("substr", args, 2);
  if (length < 0) throw valueError(`substr(): the length must not be negative, but is ${length}`);
  return text.slice(from, from + length);
}

function replaceText(args: readonly unknown[]): string {
  const text = textArgument("replace", args, 0);
  const part = textArgument("replace", args, 1);
  const by = textArgument("replace", args, 2);
  if (part === "") throw valueError("replace(): the part to replace must not be empty");
  let length = text.length;
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + part.length))
    length += by.length - part.length;
  if (length > maxTextLength) throw tooLong();
  return text.replaceAll(part, () => by);
}

function encodeUrl(text: string): string {
  return checkLength(encodeURIComponent(text.toWellFormed()));
}

function decodeBase64(text: string): string {
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) throw valueError("base64_decode() got a text that is not base64");
  return Buffer.from(text, "base64").toString("utf8");
}
