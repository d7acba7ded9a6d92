interface SourceContext {
  readonly source?: string;
}

type Revive = (this: unknown, key: string, value: unknown, context: SourceContext) => unknown;

const looksLikeJson = /^[\s]*[{["\-\dtfn]/;
const longNumber = /\d{16}/;
const wholeNumber = /^-?\d+$/;

/** A text as JSON; undefined: it is none. Whole numbers beyond 2^53 become bigint and so keep their digits. */
export function parseJson(text: string): unknown {
  if (!looksLikeJson.test(text)) return undefined;
  try {
    return longNumber.test(text)
      ? JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown)
      : JSON.parse(text);
  } catch {
    // SyntaxError: the text is not JSON, which is an answer here and no error.
    return undefined;
  }
}

const keepDigits: Revive = (_key, value, context) => {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const { source } = context;
  return source !== undefined && wholeNumber.test(source) ? BigInt(source) : value;
};
