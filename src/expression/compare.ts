import { readNumeric } from "./numeric.ts";
import { hasMember, isReadable } from "./read-member.ts";
import { showValue, valueError } from "./template-error.ts";
import { toText } from "./text.ts";

const maxDepth = 64;

/** False are: false, null, nothing, 0, the empty text and the text `false`. Everything else is true. */
export function isTrue(value: unknown): boolean {
  return (
    value !== false &&
    value !== undefined &&
    value !== null &&
    value !== 0 &&
    value !== "" &&
    value !== "false" &&
    value !== 0n
  );
}

/**
 * Two numbers or numeric texts are equal as numbers, lists and objects by their members, all else as text.
 * null (and nothing) equals only null.
 */
export function isEqual(left: unknown, right: unknown): boolean {
  return isEqualWithin(left, right, maxDepth);
}

function isEqualWithin(left: unknown, right: unknown, depth: number): boolean {
  if (left === right) return true;
  if (left === undefined || left === null) return right === undefined || right === null;
  if (right === undefined || right === null) return false;
  if (typeof left === "number" && typeof right === "number") return false;
  if (typeof left === "object" && typeof right === "object") return hasEqualMembers(left, right, depth);
  const order = compareNumbers(left, right);
  return order === undefined ? toText(left, "left") === toText(right, "right") : order === 0;
}

function hasEqualMembers(left: object, right: object, depth: number): boolean {
  if (depth === 0) throw valueError(`cannot compare data nested deeper than ${maxDepth}`);
  if (isReadable(left) || isReadable(right) || Array.isArray(left) !== Array.isArray(right)) return false;
  const keys = readKeys(left);
  if (keys.length !== readKeys(right).length) return false;
  return keys.every(
    (key) => hasMember(right, key) && isEqualWithin(readOwn(left, key), readOwn(right, key), depth - 1),
  );
}

function readKeys(value: object): string[] {
  return value instanceof Map ? [...(value as Map<string, unknown>).keys()] : Object.keys(value);
}

function readOwn(value: object, key: string): unknown {
  return value instanceof Map ? (value as Map<string, unknown>).get(key) : (value as Record<string, unknown>)[key];
}

/** Negative, 0 or positive, as numbers if both are, else as texts by code unit; undefined when one is null or nothing: no order. */
export function compareValues(left: unknown, right: unknown): number | undefined {
  if (typeof left === "number" && typeof right === "number")
    return left < right ? -1 : left > right ? 1 : left === right ? 0 : undefined;
  if (left === undefined || left === null || right === undefined || right === null) return undefined;
  const order = compareNumbers(left, right);
  if (order !== undefined) return order;
  const leftText = toText(left, "left");
  const rightText = toText(right, "right");
  return leftText < rightText ? -1 : leftText > rightText ? 1 : 0;
}

function compareNumbers(left: unknown, right: unknown): number | undefined {
  const leftNumber = readNumeric(left);
  if (leftNumber === undefined) return undefined;
  const rightNumber = readNumeric(right);
  if (rightNumber === undefined) return undefined;
  return leftNumber < rightNumber ? -1 : leftNumber > rightNumber ? 1 : 0;
}

/** An equal item of a list, a part of a text, or a key of an object. Throws EngineError `template` for other right sides. */
export function isIn(left: unknown, right: unknown): boolean {
  if (Array.isArray(right)) return right.some((item) => isEqual(left, item));
  if (typeof right === "string") return right.includes(toText(left, "the left side of in"));
  if (typeof right === "object" && right !== null) return hasMember(right, toText(left, "the left side of in"));
  throw valueError(`the right side of \`in\` must be a list, a text or an object, not ${showValue(right)}`);
}
