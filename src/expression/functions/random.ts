import { makeUuid } from "../../protocol/make-uuid.ts";
import type { Random } from "../../protocol/ports.ts";
import { showValue, valueError } from "../template-error.ts";
import type { FunctionSpec } from "./function-spec.ts";
import { integerArgument, textArgument } from "./function-spec.ts";

/** The longest random text: every character costs a draw. */
const maxLength = 1024 * 1024;
const lettersAndDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** `uuid()`: version 4 · `random_int(min, max)`: both included · `random_text(length, characters?)` · `pick(list)` or `pick(a, b, …)`. */
export const randomFunctions = {
  uuid: { least: 0, most: 0, call: (_args, language) => makeUuid(language.random) },
  random_int: { least: 2, most: 2, call: (args, language) => drawInteger(args, language.random) },
  random_text: { least: 1, most: 2, call: (args, language) => drawText(args, language.random) },
  pick: { least: 1, most: 1_000, call: (args, language) => pickItem(args, language.random) },
} as const satisfies Record<string, FunctionSpec>;

function drawInteger(args: readonly unknown[], random: Random): number {
  const min = integerArgument("random_int", args, 0);
  const max = integerArgument("random_int", args, 1);
  if (max < min) throw valueError(`random_int(${min}, ${max}): the first number must not be larger than the second`);
  if (!Number.isSafeInteger(max - min + 1)) throw valueError(`random_int(${min}, ${max}): the range is too large`);
  return min + Math.floor(random() * (max - min + 1));
}

function drawText(args: readonly unknown[], random: Random): string {
  const length = integerArgument("random_text", args, 0);
  if (length < 0 || length > maxLength)
    throw valueError(`random_text(${length}): the length must be 0 to ${maxLength}`);
  const characters = args.length > 1 ? Array.from(textArgument("random_text", args, 1)) : lettersAndDigits;
  if (characters.length === 0) throw valueError("random_text: there are no characters to draw from");
  let text = "";
  for (let index = 0; index < length; index += 1) text += characters[Math.floor(random() * characters.length)] ?? "";
  return text;
}

function pickItem(args: readonly unknown[], random: Random): unknown {
  const list: unknown = args.length === 1 ? args[0] : args;
  if (!Array.isArray(list) || list.length === 0)
    throw valueError(`pick() needs a list with items, not ${showValue(list)}`);
  return list[Math.floor(random() * list.length)];
}
