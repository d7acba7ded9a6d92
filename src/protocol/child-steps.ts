import type { Json, JsonObject } from "./json.ts";
import type { Step } from "./workflow.ts";

/** Where lists of steps stand in a config: keys from the config down; `*` is every entry of a list. */
export type ChildPath = readonly string[];

type MapList = (list: Json, path: readonly (string | number)[]) => Json;

/** The lists of steps in a complete config, in the order of `paths`. */
export function listChildren(config: JsonObject, paths: readonly ChildPath[]): (readonly Step[])[] {
  const lists: (readonly Step[])[] = [];
  const collect: MapList = (list) => {
    if (Array.isArray(list)) lists.push(list as unknown as readonly Step[]);
    return list;
  };
  for (const path of paths) mapAt(config, path, [], collect);
  return lists;
}

/** A copy of a config with something else in the place of each of its lists of steps. What has another form is kept. */
export function mapChildren(config: JsonObject, paths: readonly ChildPath[], map: MapList): JsonObject {
  return paths.reduce((mapped, path) => mapAt(mapped, path, [], map) as JsonObject, config);
}

/** A config without its lists of steps. */
export function withoutChildren(config: JsonObject, paths: readonly ChildPath[]): JsonObject {
  return mapChildren(config, paths, () => []);
}

function mapAt(value: Json, path: ChildPath, at: readonly (string | number)[], map: MapList): Json {
  const [key, ...rest] = path;
  if (key === undefined) return map(value, at);
  if (key === "*") {
    return Array.isArray(value)
      ? (value as readonly Json[]).map((item, index) => mapAt(item, rest, [...at, index], map))
      : value;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value) || !Object.hasOwn(value, key)) return value;
  const fields = value as JsonObject;
  return { ...fields, [key]: mapAt(fields[key] as Json, rest, [...at, key], map) };
}
