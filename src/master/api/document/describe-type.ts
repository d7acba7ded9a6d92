import type { Json, JsonObject } from "../../../protocol/json.ts";

/** Writes a name of a component: as a link, say. */
export type WriteName = (name: string) => string;

/** A schema in a few words: `integer 0..500`, `list of Execution`, `text: a | b`. */
export function describeType(schema: JsonObject, write: WriteName = (name) => name): string {
  const { $ref: reference, enum: values, const: constant, anyOf, allOf } = schema;
  if (typeof reference === "string") return write(reference.split("/").at(-1) ?? reference);
  if (Array.isArray(values)) return (values as readonly Json[]).map((value) => JSON.stringify(value)).join(" | ");
  if (constant !== undefined) return JSON.stringify(constant);
  if (Array.isArray(anyOf)) return list(anyOf, write).join(" or ");
  if (Array.isArray(allOf)) return list(allOf, write)[0] ?? "any";
  const types = [schema["type"] ?? "any"].flat();
  return types.map((type) => describeOne(String(type), schema, write)).join(" or ");
}

/** The fields of an object's schema; empty: it has none of its own. */
export function listFields(
  schema: JsonObject,
): readonly (readonly [name: string, field: JsonObject, needed: boolean])[] {
  const needed = Array.isArray(schema["required"]) ? (schema["required"] as readonly Json[]) : [];
  const fields = Object.entries((schema["properties"] ?? {}) as Readonly<Record<string, JsonObject>>);
  return fields.map(([name, field]) => [name, field, needed.includes(name)]);
}

function list(schemas: readonly Json[] | Json, write: WriteName): readonly string[] {
  return [...new Set((schemas as readonly JsonObject[]).map((each) => describeType(each, write)))];
}

function describeOne(type: string, schema: JsonObject, write: WriteName): string {
  const { items, additionalProperties: values, minimum, maximum, maxLength, format } = schema;
  switch (type) {
    case "array":
      return `list of ${describeType((items ?? {}) as JsonObject, write)}`;
    case "object":
      if (typeof values === "object") return `map of ${describeType(values as JsonObject, write)}`;
      return listFields(schema).length === 0
        ? "map"
        : `{${listFields(schema)
            .map(([name, field, needed]) => `${name}${needed ? "" : "?"}: ${describeType(field, write)}`)
            .join(", ")}}`;
    case "string":
      if (format === "date-time") return "time";
      if (format === "binary") return "file";
      return `text${maxLength === undefined ? "" : ` up to ${String(maxLength)}`}`;
    case "integer":
    case "number":
      return `${type === "integer" ? "whole number" : "number"}${range(minimum, maximum)}`;
    default:
      return type;
  }
}

function range(minimum: Json | undefined, maximum: Json | undefined): string {
  if (minimum === undefined && maximum === undefined) return "";
  return ` ${minimum === undefined ? "" : String(minimum)}..${maximum === undefined ? "" : String(maximum)}`;
}
