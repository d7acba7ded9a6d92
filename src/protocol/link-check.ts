import type { Json } from "./json.ts";
import { linkLimits } from "./link.ts";

/** Reads an unknown value as a T, made anew of known fields only; throws Misfit for what does not fit. */
export type Check<T> = (value: unknown) => T;

/** What of a message does not fit, and where. */
export class Misfit extends Error {
  readonly path: string[] = [];

  /** `fact.frame.series[3].sum: takes …` */
  describe(): string {
    const place = this.path.join("").replace(/^\./, "");
    return place === "" ? this.message : `${place}: ${this.message}`;
  }
}

/** `takes what it takes, not <the value>`, the value cut short. */
function refuse(wanted: string, value: unknown): never {
  throw new Misfit(`takes ${wanted}, not ${showValue(value)}`);
}

function showValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}

/** A failure inside names the place it happened at. */
function placeAt(step: string, error: unknown): unknown {
  if (error instanceof Misfit) error.path.unshift(step);
  return error;
}

/** Whole numbers of [least, most]; `most` at most 2^53 - 1. */
export function whole(least = 0, most: number = Number.MAX_SAFE_INTEGER): Check<number> {
  return (value) => {
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most) return value;
    return refuse(`a whole number of ${least} to ${most}`, value);
  };
}

/** Finite numbers of [least, most]. */
export function real(least = 0, most: number = Number.MAX_SAFE_INTEGER): Check<number> {
  return (value) => {
    if (typeof value === "number" && value >= least && value <= most) return value;
    return refuse(`a number of ${least} to ${most}`, value);
  };
}

export const flag: Check<boolean> = (value) => (typeof value === "boolean" ? value : refuse("true or false", value));

/** Texts up to a length. */
export function text(most: number = linkLimits.textLength): Check<string> {
  return (value) => {
    if (typeof value !== "string") return refuse("a text", value);
    if (value.length > most) throw new Misfit(`is ${value.length} characters long, at most ${most} are taken`);
    return value;
  };
}

/** Ids and the like: not empty. */
export const name: Check<string> = (value) => {
  const read = text(linkLimits.nameLength)(value);
  return read === "" ? refuse("a name", value) : read;
};

export function oneOf<const T extends string>(...accepted: readonly T[]): Check<T> {
  return (value) => accepted.find((each) => each === value) ?? refuse(accepted.join(" | "), value);
}

export function orNull<T>(check: Check<T>): Check<T | null> {
  return (value) => (value === null ? null : check(value));
}

/** For fields that may be absent. */
export function optional<T>(check: Check<T>): Check<T | undefined> {
  return (value) => (value === undefined ? undefined : check(value));
}

export function list<T>(check: Check<T>, most: number = linkLimits.entries): Check<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) return refuse("a list", value);
    if (value.length > most) throw new Misfit(`has ${value.length} entries, at most ${most} are taken`);
    const made: T[] = [];
    try {
      for (const item of value) made.push(check(item));
    } catch (error) {
      throw placeAt(`[${made.length}]`, error);
    }
    return made;
  };
}

export function pair<A, B>(first: Check<A>, second: Check<B>): Check<readonly [A, B]> {
  return (value) => {
    if (!Array.isArray(value) || value.length !== 2) return refuse("a pair", value);
    let place = 0;
    try {
      const read = first(value[0]);
      place = 1;
      return [read, second(value[1])];
    } catch (error) {
      throw placeAt(`[${place}]`, error);
    }
  };
}

const checkKey = text();

/** An object that is used as a table. `__proto__` is no key: it would be lost on the way. */
export function table<T>(check: Check<T>, most: number = linkLimits.entries): Check<Readonly<Record<string, T>>> {
  return (value) => {
    const source = readObject(value);
    const keys = Object.keys(source);
    if (keys.length > most) throw new Misfit(`has ${keys.length} keys, at most ${most} are taken`);
    const made: Record<string, T> = {};
    for (const key of keys) {
      if (key === "__proto__") throw new Misfit("takes no key __proto__");
      checkKey(key);
      try {
        made[key] = check(source[key]);
      } catch (error) {
        throw placeAt(`.${key.slice(0, 40)}`, error);
      }
    }
    return made;
  };
}

/** An object of these fields; others are left out. */
export function fields<T extends object>(checks: { readonly [K in keyof T]-?: Check<T[K]> }): Check<T> {
  const rows = Object.entries(checks) as [string, Check<unknown>][];
  return (value) => {
    const source = readObject(value);
    const made: Record<string, unknown> = {};
    for (const [key, check] of rows) {
      try {
        const read = check(Object.hasOwn(source, key) ? source[key] : undefined);
        if (read !== undefined) made[key] = read;
      } catch (error) {
        throw placeAt(`.${key}`, error);
      }
    }
    // Every field of T was read by its own check.
    return made as T;
  };
}

/** What a variant holds besides its type. */
type Rest<T, K> = T extends { readonly type: K } ? Omit<T, "type"> : never;

/** A closed union told apart by `type`. */
export function variants<T extends { readonly type: string }>(
  rows: {
    readonly [K in T["type"]]: Check<Rest<T, K>>;
  },
): Check<T> {
  const known = new Map<unknown, Check<unknown>>(Object.entries(rows));
  return (value) => {
    const { type } = readObject(value);
    const check = known.get(type);
    if (check === undefined) throw new Misfit(`has the unknown type ${showValue(type)}`);
    // The row is the one of this type.
    return { type, ...(check(value) as object) } as T;
  };
}

/** Any JSON; bounded by the message. */
export const json: Check<Json> = (value) => {
  if (value === undefined) return refuse("a value", value);
  // What the parser gives is JSON; its depth and size were checked before.
  return value as Json;
};

/** An object that is taken as it is. */
export function readObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse("an object", value);
  return value as Readonly<Record<string, unknown>>;
}

/** Refuses what does not fit together, in words that follow the field's name. */
export function demand(holds: boolean, message: string): void {
  if (!holds) throw new Misfit(message);
}
