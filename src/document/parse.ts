import {
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLParseError,
} from "yaml";
import type { Json, JsonObject } from "../protocol/json.ts";
import type { Problem } from "../protocol/problem.ts";
import type { Path, TextPosition } from "../protocol/step-spec.ts";
import { checkJson } from "./check-json.ts";
import { limits } from "./limits.ts";

export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/**
 * Where a value, or with `key` the key that names it, stands; the nearest surrounding value where there is none. With
 * `inside` a place in the text that is the value, as far as the document's lines are the text's.
 */
export type Locate = (path: Path, key?: boolean, inside?: TextPosition | null) => Position | null;

export interface ParsedText {
  readonly value: Json;
  readonly locate: Locate;
}

/**
 * Reads YAML 1.2 (with merge keys) or JSON. Integers beyond 2^53 become bigint. Gives the value, or every problem of the
 * syntax with its position; never throws. A text without a value is null.
 */
export function parseText(
  text: string,
  format: "yaml" | "json",
): ParsedText | { readonly problems: readonly Problem[] } {
  if (text.length > limits.text) {
    return fail(`the file has ${text.length} characters; at most ${limits.text} are accepted`);
  }
  if (hasEndlessNesting(text)) return fail(tooDeep);
  if (format === "json") {
    const problem = checkJson(text);
    if (problem !== null) return { problems: [problem] };
  }
  const lines = new LineCounter();
  try {
    return read(text, lines);
  } catch (error) {
    // The parser is recursive: deep input ends its stack.
    if (error instanceof RangeError) return fail(tooDeep);
    if (error instanceof ReadError)
      return { problems: [{ path: "", message: error.message, ...toPosition(error.offset, lines) }] };
    return fail(`the file cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function read(text: string, lines: LineCounter): ParsedText | { readonly problems: readonly Problem[] } {
  const document = parseDocument(text, {
    lineCounter: lines,
    intAsBigInt: true,
    merge: true,
    prettyErrors: false,
    logLevel: "error",
    stringKeys: true,
    // Compares each key with all before it; a set does it here.
    uniqueKeys: false,
  });
  if (document.errors.length > 0) {
    return { problems: describeErrors(document.errors, lines) };
  }
  let count = 0;
  const open = new Set<Node>();
  const anchors = new Map<string, Node>();
  const anchored = new Set<Node>();
  const targets = new Map<Node, Node>();

  const toJson = (node: unknown, depth: number): Json => {
    if (isAlias(node)) {
      const target = targets.get(node) ?? anchors.get(node.source);
      if (target === undefined) throw new ReadError(`there is no anchor \`${node.source}\``, node);
      if (open.has(target)) throw new ReadError(`the alias \`*${node.source}\` stands inside its own anchor`, node);
      targets.set(node, target);
      return toJson(target, depth);
    }
    // The first visit of each node is in the order of the text: an alias means the anchor set last before it.
    if (isNode(node) && node.anchor !== undefined && !anchored.has(node)) {
      anchored.add(node);
      anchors.set(node.anchor, node);
    }
    if (++count > limits.values)
      throw new ReadError(`the file holds more than ${limits.values} values, aliases counted in full`, node);
    if (depth > limits.depth) throw new ReadError(tooDeep, node);
    if (isScalar(node)) return toScalar(node.value, node);
    if (isSeq(node)) {
      open.add(node);
      const items = node.items.map((item) => toJson(item, depth + 1));
      open.delete(node);
      return items;
    }
    if (isMap(node)) {
      open.add(node);
      const object: Record<string, Json> = {};
      checkKeys(node.items);
      for (const pair of node.items) addPair(object, pair, depth);
      open.delete(node);
      return object;
    }
    return null;
  };
  const repeated = new Map<number, Problem>();
  const checkKeys = (items: readonly Pair[]): void => {
    const keys = new Set<unknown>();
    for (const { key } of items) {
      const name = isScalar(key) ? key.value : key;
      if (keys.has(name)) {
        const position = toPosition(offsetOf(key) ?? 0, lines);
        const shown = String(name).slice(0, 64);
        const message = `the key \`${shown}\` stands twice in one map; keep one`;
        if (repeated.size < limits.problems && !repeated.has(position.line))
          repeated.set(position.line, { path: "", message, ...position });
      }
      keys.add(name);
    }
  };
  const addPair = (object: Record<string, Json>, pair: Pair, depth: number): void => {
    const key = toKey(pair.key);
    const value = toJson(pair.value, depth + 1);
    if (key !== "<<") define(object, key, value);
    else for (const part of (Array.isArray(value) ? value : [value]) as readonly Json[]) mergeInto(object, part, pair);
  };
  const value = toJson(document.contents, 0);
  if (repeated.size > 0) return { problems: [...repeated.values()].sort((a, b) => (a.line ?? 0) - (b.line ?? 0)) };
  return {
    value,
    locate: (path, key = false, inside = null) => {
      const place = findPlace(document.contents, path, key, (node) => (isAlias(node) ? targets.get(node) : node));
      const start = toPosition(place.offset, lines);
      return inside === null ? start : moveInside(place.node, start, inside, text);
    },
  };
}

/** One problem a line: what follows on the same line is the parser still looking for its feet. */
function describeErrors(errors: readonly YAMLParseError[], lines: LineCounter): readonly Problem[] {
  if (errors.some((error) => /call stack|stack overflow/i.test(error.message))) return fail(tooDeep).problems;
  const byLine = new Map<number, Problem>();
  for (const error of errors.toSorted((left, right) => left.pos[0] - right.pos[0])) {
    const position = toPosition(error.pos[0], lines);
    if (byLine.has(position.line) || byLine.size >= limits.problems) continue;
    byLine.set(position.line, { path: "", message: describeError(error), ...position });
  }
  return [...byLine.values()];
}

function describeError({ code, message }: YAMLParseError): string {
  return code === "MULTIPLE_DOCS" ? "the file holds several YAML documents; keep one" : lowerFirst(message);
}

/** More open brackets than any file has: the parser would take minutes to say so. */
function hasEndlessNesting(text: string): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x5b || code === 0x7b) depth++;
    else if (code === 0x5d || code === 0x7d) depth--;
    if (depth > 5000) return true;
  }
  return false;
}

const tooDeep = `the file is nested deeper than ${limits.depth} levels`;

/** Keys of a merged map give way to the map's own, wherever these stand. */
function mergeInto(object: Record<string, Json>, part: Json, pair: Pair): void {
  if (typeof part !== "object" || part === null || Array.isArray(part))
    throw new ReadError("`<<` takes a map or a list of maps", pair.key);
  for (const [key, value] of Object.entries(part as JsonObject))
    if (!Object.hasOwn(object, key)) define(object, key, value);
}

/** As `object[key] = value`, also for `__proto__`. */
function define(object: Record<string, Json>, key: string, value: Json): void {
  Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
}

function toKey(key: unknown): string {
  if (isScalar(key)) return String(key.value);
  if (typeof key === "string") return key;
  throw new ReadError("a key must be a text", key);
}

function toScalar(value: unknown, node: unknown): Json {
  switch (typeof value) {
    case "bigint":
      return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
    case "number":
      if (Number.isFinite(value)) return value;
      throw new ReadError(`\`${value}\` is no number that JSON knows`, node);
    case "string":
    case "boolean":
      return value;
    case "undefined":
      return null;
    default:
      if (value === null) return null;
      throw new ReadError("a value of an unknown YAML type; use text, numbers, true, false or null", node);
  }
}

interface Place {
  readonly node: unknown;
  readonly offset: number;
}

function findPlace(root: unknown, path: Path, key: boolean, follow: (node: unknown) => unknown): Place {
  let node = root;
  let offset = offsetOf(root) ?? 0;
  for (const [place, step] of path.entries()) {
    const container = follow(node);
    const last = place === path.length - 1;
    if (isSeq(container) && typeof step === "number") node = container.items[step];
    else if (isMap(container)) {
      const pair = findPair(container.items, String(step), follow);
      if (pair === null) return { node: null, offset };
      node = last && key ? pair.key : pair.value;
      // An empty value has no place of its own.
      if ((isScalar(node) && node.value === null && node.source === "") || node === null) node = pair.key;
    } else return { node, offset };
    offset = offsetOf(node) ?? offset;
  }
  return { node, offset };
}

/** A literal block holds its text line by line; a text on one line is shifted; elsewhere the text's start has to do. */
function moveInside(node: unknown, start: Position, inside: TextPosition, text: string): Position {
  if (!isScalar(node)) return start;
  if (node.type === "BLOCK_LITERAL") {
    const source = text.split("\n");
    const first = source.slice(start.line).findIndex((line) => line.trim() !== "") + start.line;
    const indent = source[first]?.search(/\S/) ?? 0;
    return { line: start.line + inside.line, column: indent + inside.column };
  }
  if (inside.line > 1 || node.type === "BLOCK_FOLDED") return start;
  return { line: start.line, column: start.column + inside.column - (node.type === "PLAIN" ? 1 : 0) };
}

function findPair(items: readonly unknown[], key: string, follow: (node: unknown) => unknown): Pair | null {
  for (const item of items) if (isPair(item) && isScalar(item.key) && String(item.key.value) === key) return item;
  for (const item of items) {
    if (!isPair(item) || !isScalar(item.key) || item.key.value !== "<<") continue;
    const merged = follow(item.value);
    for (const part of isSeq(merged) ? merged.items : [merged]) {
      const target = follow(part);
      const found = isMap(target) ? findPair(target.items, key, follow) : null;
      if (found !== null) return found;
    }
  }
  return null;
}

function offsetOf(node: unknown): number | null {
  const range = typeof node === "object" && node !== null && "range" in node ? node.range : null;
  return Array.isArray(range) && typeof range[0] === "number" ? range[0] : null;
}

function toPosition(offset: number, lines: LineCounter): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** What stops the reading, at a place in the text. */
class ReadError extends Error {
  readonly offset: number;

  constructor(message: string, node: unknown) {
    super(message);
    this.offset = offsetOf(node) ?? 0;
  }
}

function fail(message: string): { readonly problems: readonly Problem[] } {
  return { problems: [{ path: "", message, line: 1, column: 1 }] };
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
