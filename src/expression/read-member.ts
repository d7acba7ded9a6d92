import type { Readable } from "../protocol/step.ts";
import { read } from "../protocol/step.ts";

/**
 * What is under a key: an own property of a plain object, an item of a list, a value of a Map, or what a Readable gives.
 * undefined for everything else; prototypes are never looked at.
 */
export function readMember(value: unknown, key: unknown): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) return readItem(value, key);
  if (typeof key !== "string" && typeof key !== "number" && typeof key !== "bigint") return undefined;
  const name = String(key);
  if (isReadable(value)) return value[read](name);
  if (value instanceof Map) return value.get(name);
  return isPlain(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** Has the value something under this key? */
export function hasMember(value: object, key: string): boolean {
  if (Array.isArray(value)) return readItem(value, key) !== undefined;
  if (isReadable(value)) return value[read](key) !== undefined;
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

function readItem(list: readonly unknown[], key: unknown): unknown {
  const index =
    typeof key === "string" && /^\d+$/.test(key)
      ? Number(key)
      : Number(typeof key === "bigint" ? key : typeof key === "number" ? key : -1);
  return Number.isInteger(index) && index >= 0 && index < list.length ? list[index] : undefined;
}
