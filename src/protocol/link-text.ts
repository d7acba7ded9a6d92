import { linkLimits } from "./link.ts";

interface SourceContext {
  readonly source?: string;
}

type Revive = (this: unknown, key: string, value: unknown, context: SourceContext) => unknown;

const longNumber = /\d{16}/;
const wholeNumber = /^-?\d+$/;

/** The library's types do not know it yet. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** JSON text of a value; integers beyond 2^53 keep their digits. */
export function writeJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? rawJSON(String(item)) : item));
}

/** A text as JSON; what is no JSON, too deep or of too many values is told in words, before it costs memory. */
export function readJson(text: string): { readonly value: unknown } | { readonly refusal: string } {
  const refusal = measure(text);
  if (refusal !== null) return { refusal };
  try {
    const value: unknown = longNumber.test(text)
      ? JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown)
      : JSON.parse(text);
    return { value };
  } catch (error) {
    return { refusal: `is not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}

const keepDigits: Revive = (_key, value, context) => {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const { source } = context;
  return source !== undefined && wholeNumber.test(source) ? BigInt(source) : value;
};

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;

/** Counts nesting and values without making any. */
function measure(text: string): string | null {
  let depth = 0;
  let values = 1;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = findEnd(text, at);
        break;
      case comma:
        if (++values > linkLimits.values) return `holds more than ${linkLimits.values} values`;
        break;
      case 0x5b:
      case 0x7b:
        values++;
        if (++depth > linkLimits.depth) return `is nested deeper than ${linkLimits.depth}`;
        break;
      case 0x5d:
      case 0x7d:
        depth--;
        break;
      default:
    }
  }
  return null;
}

/** The closing quote of the string that opens at `from`; the text's end where there is none. */
function findEnd(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === backslash) slashes++;
    if (slashes % 2 === 0) return at;
  }
  return text.length;
}
