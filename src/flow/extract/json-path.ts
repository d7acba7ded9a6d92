import type { JSONPathEnvironment, JSONPathQuery, JSONValue } from "json-p3";
import { EngineError } from "../../errors.ts";
import type { Assertion, Extraction } from "../../protocol/workflow.ts";

/** A compiled JSON path over parsed JSON. Neither function throws. */
export interface JsonQuery {
  /** The first match; undefined: none. */
  first(value: unknown): unknown;
  /** All matches, in order. */
  all(value: unknown): unknown[];
}

/** Compiles RFC 9535 paths. Throws EngineError `invalid_workflow` for a text that is none. */
export type JsonPath = (path: string) => JsonQuery;

/** How deep `..` looks. */
const maxDepth = 500;

const plainPath = /^\$(?:\.[A-Za-z_][A-Za-z0-9_]*|\[(?:0|-?[1-9]\d{0,9})\]|\['[^'\\\p{Cc}]*'\]|\["[^"\\\p{Cc}]*"\])*$/u;
const plainKey = /\.([A-Za-z_][A-Za-z0-9_]*)|\[(-?\d+)\]|\['([^']*)'\]|\["([^"]*)"\]/gu;

/** Does this need `loadJsonPath`? Plain paths such as `$.user.items[0]` do not. */
export function needsJsonPath(item: Assertion | Extraction): boolean {
  return ("from" in item ? item.from : item.type) === "json" && !plainPath.test(item.path);
}

/** Paths of names and indices only: enough while nothing asks for more (see `needsJsonPath`). */
export const plainJsonPath: JsonPath = (path) => {
  const keys = readPlainKeys(path);
  if (keys === null) throw new Error(`the JSON path ${path} was compiled before loadJsonPath`);
  return compilePlain(keys);
};

/** Loads the library for whole RFC 9535. */
export async function loadJsonPath(): Promise<JsonPath> {
  const library = await import("json-p3");
  const environment = new library.JSONPathEnvironment({ maxRecursionDepth: maxDepth });
  return (path) => {
    const keys = readPlainKeys(path);
    return keys === null ? compileWith(environment, path) : compilePlain(keys);
  };
}

function compileWith(environment: JSONPathEnvironment, path: string): JsonQuery {
  const query = compileQuery(environment, path);
  return {
    // What a path cannot look at (too deep for `..`) has no match.
    first: (value) => attempt(() => query.match(value as JSONValue)?.value, undefined),
    all: (value) => attempt(() => query.query(value as JSONValue).values() as unknown[], []),
  };
}

function compileQuery(environment: JSONPathEnvironment, path: string): JSONPathQuery {
  try {
    return environment.compile(path);
  } catch (error) {
    const hint = path.startsWith("$") ? "" : "; JSON paths begin with $, as in $.data.id";
    throw new EngineError(
      "invalid_workflow",
      `the JSON path \`${path}\` is not valid: ${(error as Error).message}${hint}`,
      {
        cause: error,
      },
    );
  }
}

function attempt<Result>(search: () => Result, none: Result): Result {
  try {
    return search();
  } catch {
    return none;
  }
}

type Key = string | number;

function readPlainKeys(path: string): Key[] | null {
  if (!plainPath.test(path)) return null;
  return [...path.matchAll(plainKey)].map((match) =>
    match[2] === undefined ? (match[1] ?? match[3] ?? match[4] ?? "") : Number(match[2]),
  );
}

function compilePlain(keys: readonly Key[]): JsonQuery {
  const first = (value: unknown): unknown => {
    let found = value;
    for (const key of keys) {
      found = readKey(found, key);
      if (found === undefined) return undefined;
    }
    return found;
  };
  return {
    first,
    all: (value) => {
      const found = first(value);
      return found === undefined ? [] : [found];
    },
  };
}

function readKey(value: unknown, key: Key): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) return typeof key === "number" ? (value as unknown[]).at(key) : undefined;
  return typeof key === "string" && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}
