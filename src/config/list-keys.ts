import type { Json, JsonObject } from "../protocol/json.ts";
import type { ObjectShape, Shape } from "../protocol/shape.ts";
import { configurationShape } from "./configuration-shape.ts";
import { defaults } from "./defaults.ts";

/** A key of the configuration that has a value of its own, not a section. */
export interface ConfigurationKey {
  readonly path: readonly string[];
  readonly shape: Shape;
  /** `WE_MASTER_HEARTBEAT_TIMEOUT`. */
  readonly variable: string;
  /** undefined: none. */
  readonly standard: Json | undefined;
}

/** Every key, in the order of the file. */
export function listKeys(): readonly ConfigurationKey[] {
  return listBelow(configurationShape, defaults, []);
}

/** Variables that somebody may expect for a key, and the one that there is: `WE_SERVER_HOST`, `WE_SERVER_ADDRESS`. */
export function listMisnamedVariables(): ReadonlyMap<string, string> {
  return new Map(listMisnamedBelow(configurationShape, "WE"));
}

function listMisnamedBelow(shape: ObjectShape, prefix: string): readonly (readonly [string, string])[] {
  const name = (key: string): string => `${prefix}_${key.toUpperCase()}`;
  const own = Object.entries(shape.misnomers ?? {}).map(([wrong, right]) => [name(wrong), name(right)] as const);
  const below = Object.entries(shape.fields).flatMap(([key, field]) =>
    field.kind === "object" ? listMisnamedBelow(field, name(key)) : [],
  );
  return [...own, ...below];
}

function listBelow(shape: ObjectShape, below: JsonObject, path: readonly string[]): readonly ConfigurationKey[] {
  return Object.entries(shape.fields).flatMap(([name, field]) => {
    const own = [...path, name];
    const standard = below[name];
    if (field.kind === "object") return listBelow(field, (standard ?? {}) as JsonObject, own);
    return [{ path: own, shape: field, variable: `WE_${own.join("_").toUpperCase()}`, standard }];
  });
}
