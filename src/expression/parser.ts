import type { Token } from "./lexer.ts";
import { readTokens } from "./lexer.ts";
import { syntaxError } from "./template-error.ts";
import type { BinaryOperator, Tree } from "./tree.ts";

const maxDepth = 64;
const maxNodes = 1_000;

/** Binary operators by how strongly they bind; equal strengths group from the left, `??` from the right. */
const strengths: ReadonlyMap<string, readonly [strength: number, operator: BinaryOperator]> = new Map([
  ["??", [1, "??"]],
  ["||", [2, "||"]],
  ["OR", [2, "||"]],
  ["&&", [3, "&&"]],
  ["AND", [3, "&&"]],
  ["==", [5, "=="]],
  ["!=", [5, "!="]],
  ["<", [5, "<"]],
  ["<=", [5, "<="]],
  [">", [5, ">"]],
  [">=", [5, ">="]],
  ["in", [5, "in"]],
  ["matches", [5, "matches"]],
  ["+", [6, "+"]],
  ["-", [6, "-"]],
  ["*", [7, "*"]],
  ["/", [7, "/"]],
  ["%", [7, "%"]],
]);
const weakest = 1;
const comparison = 5;
const reserved = new Set(["AND", "OR", "NOT", "in", "matches", "true", "false", "null"]);

interface Parser {
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly budget: Budget;
  index: number;
}

/** What one expression has used of its bounds, the templates in its quoted texts included. */
interface Budget {
  depth: number;
  nodes: number;
}

/** Parts of a template: texts, and trees for each `${…}`. A text without `${…}` is one text. */
export type TemplateParts = (string | Tree)[];

/** Reads a whole text as one expression; `${x}` inside it is x. Throws EngineError `template`. */
export function parseExpression(text: string): Tree {
  return parseTokens(text, readTokens(text, 0, false), { depth: 0, nodes: 0 }).tree;
}

/** Reads a text with `${…}`; `$${` is a literal `${`. Throws EngineError `template`. */
export function parseTemplate(text: string): TemplateParts {
  return parseParts(text, null);
}

function parseParts(text: string, budget: Budget | null): TemplateParts {
  const parts: TemplateParts = [];
  let literal = "";
  let at = 0;
  for (let open = text.indexOf("${"); open !== -1; open = text.indexOf("${", at)) {
    if (open > at && text.charAt(open - 1) === "$") {
      literal += `${text.slice(at, open - 1)}\${`;
      at = open + 2;
      continue;
    }
    literal += text.slice(at, open);
    if (literal !== "") parts.push(literal);
    literal = "";
    const { tree, end } = parseTokens(text, readTokens(text, open + 2, true), budget ?? { depth: 0, nodes: 0 });
    parts.push(tree);
    at = end + 1;
  }
  literal += text.slice(at);
  if (literal !== "" || parts.length === 0) parts.push(literal);
  return parts;
}

function parseTokens(
  text: string,
  tokens: readonly Token[],
  budget: Budget,
): { readonly tree: Tree; readonly end: number } {
  const parser: Parser = { text, tokens, budget, index: 0 };
  const tree = parseConditional(parser);
  const end = peek(parser);
  if (end.kind !== "end") throw unexpected(parser, end);
  return { tree, end: end.at };
}

function peek(parser: Parser): Token {
  // The `end` token is never consumed, so the index stays inside the list.
  return parser.tokens[parser.index] ?? { kind: "end", text: "", value: undefined, at: parser.text.length };
}

function takes(parser: Parser, operator: string): boolean {
  const token = peek(parser);
  if (token.kind !== "operator" || token.text !== operator) return false;
  parser.index += 1;
  return true;
}

function expect(parser: Parser, operator: string): void {
  if (!takes(parser, operator)) throw unexpected(parser, peek(parser), operator);
}

function unexpected(parser: Parser, token: Token, wanted?: string): Error {
  const what = token.kind === "end" ? "the expression ends too early" : `unexpected ${JSON.stringify(token.text)}`;
  const upper = token.text.toUpperCase();
  const hint = token.kind === "name" && reserved.has(upper) && token.text !== upper ? `; write ${upper}` : "";
  return syntaxError(parser.text, token.at, `${what}${wanted === undefined ? hint : `, expected ${wanted}`}`);
}

function grow(parser: Parser, tree: Tree): Tree {
  parser.budget.nodes += 1;
  if (parser.budget.nodes > maxNodes)
    throw syntaxError(parser.text, tree.at, `the expression has more than ${maxNodes} parts`);
  return tree;
}

function deeper<Result>(parser: Parser, parse: (parser: Parser) => Result): Result {
  parser.budget.depth += 1;
  if (parser.budget.depth > maxDepth) {
    throw syntaxError(parser.text, peek(parser).at, `the expression is nested deeper than ${maxDepth}`);
  }
  const result = parse(parser);
  parser.budget.depth -= 1;
  return result;
}

function parseConditional(parser: Parser): Tree {
  return deeper(parser, () => {
    const test = parseBinary(parser, weakest);
    const at = peek(parser).at;
    if (!takes(parser, "?")) return test;
    const yes = parseConditional(parser);
    expect(parser, ":");
    const no = parseConditional(parser);
    return grow(parser, { kind: "conditional", test, yes, no, at });
  });
}

function parseBinary(parser: Parser, least: number): Tree {
  let left = parsePrefix(parser);
  for (;;) {
    const token = peek(parser);
    const row = token.kind === "operator" || token.kind === "name" ? strengths.get(token.text) : undefined;
    if (row === undefined || row[0] < least) return left;
    const [strength, operator] = row;
    if (strength === comparison && left.kind === "binary" && isComparison(left.operator) && !isClosed(parser)) {
      throw syntaxError(parser.text, token.at, "comparisons cannot be chained; join two with &&");
    }
    parser.index += 1;
    const right = deeper(parser, () => parseBinary(parser, operator === "??" ? strength : strength + 1));
    left = grow(parser, { kind: "binary", operator, left, right, at: token.at });
  }
}

function isComparison(operator: BinaryOperator): boolean {
  return strengths.get(operator)?.[0] === comparison;
}

/** Does the left operand end with a parenthesis or brace, so that the user grouped it? */
function isClosed(parser: Parser): boolean {
  const last = parser.tokens[parser.index - 1];
  return last?.kind === "operator" && (last.text === ")" || last.text === "}");
}

/** `!` and `-` bind tighter than any binary operator, `NOT` looser than a comparison: `NOT a == b` is `!(a == b)`. */
function parsePrefix(parser: Parser): Tree {
  const token = peek(parser);
  if (token.kind === "name" && token.text === "NOT") {
    parser.index += 1;
    const operand = deeper(parser, () => parseBinary(parser, comparison));
    return grow(parser, { kind: "unary", operator: "!", operand, at: token.at });
  }
  if (token.kind !== "operator" || (token.text !== "!" && token.text !== "-")) return parseMembers(parser);
  const operator = token.text;
  parser.index += 1;
  const operand = deeper(parser, parsePrefix);
  if (
    operator === "-" &&
    operand.kind === "literal" &&
    (typeof operand.value === "number" || typeof operand.value === "bigint")
  ) {
    return { kind: "literal", value: -operand.value, at: token.at };
  }
  return grow(parser, { kind: "unary", operator, operand, at: token.at });
}

function parseMembers(parser: Parser): Tree {
  let tree = parsePrimary(parser);
  for (;;) {
    const at = peek(parser).at;
    if (takes(parser, ".")) {
      const token = peek(parser);
      if (token.kind !== "name") throw unexpected(parser, token, "a name after the dot");
      parser.index += 1;
      // The only functions with a dot in their name.
      if (tree.kind === "name" && tree.name === "faker" && takes(parser, "(")) {
        const args = parseItems(parser, ")");
        tree = grow(parser, { kind: "call", name: `faker.${token.text}`, args, at: tree.at });
        continue;
      }
      tree = grow(parser, { kind: "member", of: tree, key: { kind: "literal", value: token.text, at: token.at }, at });
    } else if (takes(parser, "[")) {
      const key = parseConditional(parser);
      expect(parser, "]");
      tree = grow(parser, { kind: "member", of: tree, key, at });
    } else {
      return tree;
    }
  }
}

function parsePrimary(parser: Parser): Tree {
  const token = peek(parser);
  if (token.kind === "end") throw unexpected(parser, token);
  parser.index += 1;
  switch (token.kind) {
    case "number":
      return grow(parser, { kind: "literal", value: token.value ?? 0, at: token.at });
    case "text":
      return parseText(parser, token);
    case "name":
      return parseName(parser, token);
    default:
      return parseGroup(parser, token);
  }
}

/** A quoted text may hold `${…}` itself: `"${first} ${last}" == "Ann Lee"`. */
function parseText(parser: Parser, token: Token): Tree {
  if (!token.text.includes("${")) return grow(parser, { kind: "literal", value: token.text, at: token.at });
  const parts = deeper(parser, () => parseParts(token.text, parser.budget));
  const only = parts.length === 1 ? parts[0] : undefined;
  if (typeof only === "string") return grow(parser, { kind: "literal", value: only, at: token.at });
  return grow(parser, { kind: "join", text: token.text, parts, at: token.at });
}

function parseName(parser: Parser, token: Token): Tree {
  if (token.text === "true" || token.text === "false") {
    return grow(parser, { kind: "literal", value: token.text === "true", at: token.at });
  }
  if (token.text === "null") return grow(parser, { kind: "literal", value: null, at: token.at });
  if (reserved.has(token.text)) throw unexpected(parser, token);
  if (!takes(parser, "(")) return grow(parser, { kind: "name", name: token.text, at: token.at });
  return grow(parser, { kind: "call", name: token.text, args: parseItems(parser, ")"), at: token.at });
}

function parseGroup(parser: Parser, token: Token): Tree {
  if (token.text === "(" || token.text === "${") {
    const tree = parseConditional(parser);
    expect(parser, token.text === "(" ? ")" : "}");
    return tree;
  }
  if (token.text === "[") return grow(parser, { kind: "list", items: parseItems(parser, "]"), at: token.at });
  throw unexpected(parser, token);
}

function parseItems(parser: Parser, closing: string): Tree[] {
  const items: Tree[] = [];
  if (takes(parser, closing)) return items;
  for (;;) {
    items.push(parseConditional(parser));
    if (takes(parser, closing)) return items;
    expect(parser, ",");
  }
}
