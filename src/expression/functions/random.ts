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

const hexBytes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function drawWord(random: Random): number {
  return Math.floor(random() * 0x1_0000_0000);
}

function printWord(word: number, between: string): string {
  const high = `${hexBytes[word >>> 24]}${hexBytes[(word >>> 16) & 255]}`;
  return `${high}${between}${hexBytes[(word >>> 8) & 255]}${hexBytes[word & 255]}`;
}

function makeUuid(random: Random): string {
  const first = printWord(drawWord(random), "");
  const second = printWord((drawWord(random) & 0xffff_0fff) | 0x4000, "-");
  const third = printWord((drawWord(random) & 0x3fff_ffff) | 0x8000_0000, "-");
  return `${first}-${second}-${third}${printWord(drawWord(random), "")}`;
}

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
