import { isPlain } from "../read-member.ts";
import { showValue, valueError } from "../template-error.ts";
import { checkLength, maxTextLength, toText, tooLong } from "../text.ts";
import type { FunctionSpec } from "./function-spec.ts";
import { textArgument } from "./function-spec.ts";

/** `len(x)`: characters (UTF-16 units) of a text, items of a list, keys of an object · `split(text, separator)` · `join(list, separator = ",")`. */
export const listFunctions = {
  len: { least: 1, most: 1, call: (args) => measureLength(args[0]) },
  split: {
    least: 2,
    most: 2,
    call: (args) => splitText(textArgument("split", args, 0), textArgument("split", args, 1)),
  },
  join: { least: 1, most: 2, call: joinItems },
} as const satisfies Record<string, FunctionSpec>;

function measureLength(value: unknown): number {
  if (typeof value === "string" || Array.isArray(value)) return value.length;
  if (value instanceof Map) return value.size;
  if (typeof value === "object" && value !== null && isPlain(value)) return Object.keys(value).length;
  throw valueError(`len() needs a text, a list or an object, not ${showValue(value)}`);
}

const maxItems = 100_000;

function splitText(text: string, separator: string): string[] {
  const items = text.split(separator, maxItems + 1);
  if (items.length > maxItems) throw valueError(`split() makes at most ${maxItems} items`);
  return items;
}

function joinItems(args: readonly unknown[]): string {
  const list = args[0];
  if (!Array.isArray(list)) throw valueError(`join() needs a list, not ${showValue(list)}`);
  const separator = args.length > 1 ? textArgument("join", args, 1) : ",";
  if (list.length * separator.length > maxTextLength) throw tooLong();
  let length = 0;
  const texts = list.map((item: unknown, index) => {
    const text = toText(item, `item ${index} of join()`);
    length += text.length + separator.length;
    if (length > 2 * maxTextLength) throw tooLong();
    return text;
  });
  return checkLength(texts.join(separator));
}
