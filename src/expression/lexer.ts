import { syntaxError } from "./template-error.ts";

/** `name` tokens include words such as `in`; `end` closes the list. */
export type TokenKind = "number" | "text" | "name" | "operator" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** As written; of a text: its value. */
  readonly text: string;
  readonly value: number | bigint | undefined;
  /** Index of the first character. */
  readonly at: number;
}

/** The longest expression, in characters. */
export const maxExpressionLength = 10_000;

const space = /\s+/y;
const numberPattern = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const namePattern = /[\p{L}_][\p{L}\p{M}\p{N}_]*/uy;
const memberPattern = /[\p{L}\p{M}\p{N}_]+/uy;
const operatorPattern = /\$\{|==|!=|<=|>=|&&|\|\||\?\?|[-+*/%<>!()[\],.?:}]/y;
const escapes: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["\\", "\\"],
  ['"', '"'],
  ["'", "'"],
]);

/**
 * Cuts an expression into tokens, beginning at `from`. With `closing` it ends at the `}` that closes the template's
 * `${`, without it at the end of the text; the `end` token is there. Throws EngineError `template`.
 */
export function readTokens(text: string, from: number, closing: boolean): Token[] {
  const tokens: Token[] = [];
  let at = skipSpace(text, from);
  let open = 0;
  while (at < text.length) {
    const previous = tokens.at(-1);
    const token = readToken(text, at, previous?.kind === "operator" && previous.text === ".");
    if (token.token.kind === "operator") {
      if (token.token.text === "${") open += 1;
      else if (token.token.text === "}") {
        if (open === 0 && closing) return endTokens(tokens, at);
        open -= 1;
      }
    }
    tokens.push(token.token);
    at = skipSpace(text, token.next);
    if (at - from > maxExpressionLength) {
      throw syntaxError(text, from, `the expression is longer than ${maxExpressionLength} characters`);
    }
  }
  if (closing)
    throw syntaxError(text, Math.max(0, from - 2), "`${` has no closing `}` (a literal `${` is written `$${`)");
  return endTokens(tokens, at);
}

function endTokens(tokens: Token[], at: number): Token[] {
  tokens.push({ kind: "end", text: "", value: undefined, at });
  return tokens;
}

function skipSpace(text: string, at: number): number {
  return at + matchAt(space, text, at).length;
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? "";
}

interface ReadToken {
  readonly token: Token;
  /** Where the next token may begin. */
  readonly next: number;
}

function readToken(text: string, at: number, afterDot: boolean): ReadToken {
  const first = text.charAt(at);
  if (first === '"' || first === "'") return readText(text, at, first);
  const name = matchAt(afterDot ? memberPattern : namePattern, text, at);
  if (name !== "") return { token: { kind: "name", text: name, value: undefined, at }, next: at + name.length };
  const digits = matchAt(numberPattern, text, at);
  if (digits !== "") return { token: readNumber(text, at, digits), next: at + digits.length };
  const operator = matchAt(operatorPattern, text, at);
  if (operator === "") {
    const hint =
      first === "=" ? "; equality is written ==" : first === "&" || first === "|" ? `; write ${first}${first}` : "";
    throw syntaxError(text, at, `unexpected ${JSON.stringify(String.fromCodePoint(text.codePointAt(at) ?? 0))}${hint}`);
  }
  return { token: { kind: "operator", text: operator, value: undefined, at }, next: at + operator.length };
}

function readNumber(text: string, at: number, digits: string): Token {
  const value = Number(digits);
  if (!Number.isFinite(value)) throw syntaxError(text, at, `the number ${digits.slice(0, 40)} is too large`);
  const exact = Number.isInteger(value) && !Number.isSafeInteger(value) && /^\d+$/.test(digits);
  return { kind: "number", text: digits, value: exact ? BigInt(digits) : value, at };
}

/** Escapes: `\n \r \t \\ \" \'` and four hex digits after `\u`; any other backslash stands for itself, as patterns want it. */
function readText(text: string, at: number, quote: string): ReadToken {
  let value = "";
  let index = at + 1;
  while (index < text.length) {
    const character = text.charAt(index);
    if (character === quote) return { token: { kind: "text", text: value, value: undefined, at }, next: index + 1 };
    if (character !== "\\") {
      value += character;
      index += 1;
      continue;
    }
    const next = text.charAt(index + 1);
    const unicode = next === "u" ? matchAt(/[0-9a-fA-F]{4}/y, text, index + 2) : "";
    if (unicode !== "") {
      value += String.fromCharCode(Number.parseInt(unicode, 16));
      index += 6;
    } else {
      value += escapes.get(next) ?? `\\${next}`;
      index += 2;
    }
  }
  throw syntaxError(text, at, `the text has no closing ${quote}`);
}
