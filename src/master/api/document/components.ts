import type { Json, JsonObject } from "../../../protocol/json.ts";

/** Schemas that have a title, by it; elsewhere they are referred to. */
export interface Components {
  /** A schema with each titled one in it replaced by its reference. */
  refer(schema: unknown): JsonObject;
  /** In the order of their titles. */
  list(): Readonly<Record<string, JsonObject>>;
}

/** None yet. */
export function createComponents(): Components {
  const byTitle = new Map<string, JsonObject>();
  const copy = (value: Json): Json => {
    if (Array.isArray(value)) return (value as readonly Json[]).map(copy);
    if (typeof value !== "object" || value === null) return value;
    const { title, ...fields } = value as JsonObject;
    const copied = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, copy(field)]));
    // A map may have a field of that name, which is a schema.
    if (typeof title !== "string") return title === undefined ? copied : { title: copy(title), ...copied };
    byTitle.set(title, copied);
    return { $ref: `#/components/schemas/${title}` };
  };
  return {
    // Through text: a schema carries more than its fields.
    refer: (schema) => copy(JSON.parse(JSON.stringify(schema)) as Json) as JsonObject,
    list: () => Object.fromEntries([...byTitle].toSorted(([left], [right]) => (left < right ? -1 : 1))),
  };
}
