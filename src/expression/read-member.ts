import type { Readable } from "../protocol/step.ts";
import { read } from "../protocol/step.ts";

/**
 * What is under a key: an own property of a plain object, an item of a list, a value of a Map, or what a Readable gives.
 * undefined for everything else; prototypes are never looked at.
 */
export function readMember(value: unknown, key: unknown): unknown {
  if (typeof key === "string") return readNamed(value, key);
  if (typeof key === "number" || typeof key === "bigint") return readIndexed(value, Number(key));
  return undefined;
}

/** As readMember, for a key that is a text. */
export function readNamed(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  if (isReadable(value)) return value[read](name);
  if (Array.isArray(value)) return /^\d+$/.test(name) ? readIndexed(value, Number(name)) : undefined;
  if (isPlain(value)) return Object.hasOwn(value, name) ? value[name] : undefined;
  return value instanceof Map ? value.get(name) : undefined;
}

/** As readMember, for a key that is a number. */
export function readIndexed(value: unknown, index: number): unknown {
  if (!Array.isArray(value)) return readNamed(value, String(index));
  return Number.isInteger(index) && index >= 0 && index < value.length ? value[index] : undefined;
}

/** Has the value something under this key? */
export function hasMember(value: object, key: string): boolean {
  if (Array.isArray(value) || isReadable(value)) return readNamed(value, key) !== undefined;
  if (value instanceof Map) return value.has(key);
  return isPlain(value) && Object.hasOwn(value, key);
}

/** Is it an object whose properties are data? */
export function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Does the value answer the `read` symbol? */
export function isReadable(value: object): value is Readable {
  return typeof (value as Partial<Readable>)[read] === "function";
}
