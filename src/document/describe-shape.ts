import type { Json } from "../protocol/json.ts";
import type { Shape } from "../protocol/shape.ts";

/** What a shape accepts, for people: `a whole number from 1`. */
export function describeShape(shape: Shape): string {
  switch (shape.kind) {
    case "any":
      return "any value";
    case "text":
      return shape.accepts ?? "a text";
    case "scalar":
      return "a text or a number";
    case "number":
      return describeNumber(shape);
    case "flag":
      return "true or false";
    case "nothing":
      return "null";
    case "duration":
      return `a duration such as 500ms, 30s or 1h30m${shape.positive ? ", more than 0" : ""}`;
    case "size":
      return "a size such as 512, 64kB or 16MB";
    case "choice": {
      // 1.1 may be written as a number or as a text.
      const values = [...new Set(shape.values.map(String))];
      return values.length === 1 ? `\`${values[0]}\`` : `one of ${values.join(", ")}`;
    }
    case "list":
      return shape.min ? "a list with at least one entry" : "a list";
    case "map":
      return "a map of names and values";
    case "object":
      return `a map with ${Object.keys(shape.fields).slice(0, 8).join(", ")}${Object.keys(shape.fields).length > 8 ? " …" : ""}`;
    case "union":
      return [...new Set(shape.of.map(describeShape))].join(", or ");
    case "steps":
      return shape.single ? "a step or a list of steps" : "a list of steps";
    default:
      return shape satisfies never;
  }
}

function describeNumber({ min, above, max, whole }: Shape & { kind: "number" }): string {
  const kind = whole ? "a whole number" : "a number";
  const low = min !== undefined ? ` from ${min}` : above !== undefined ? ` above ${above}` : "";
  return `${kind}${low}${max !== undefined && max < 1_000_000 ? ` to ${max}` : ""}`;
}

/** Is this value of the JSON type that a shape is about? Of a union's shapes the first that fits is the one meant. */
export function fitsKind(value: Json, shape: Shape): boolean {
  const type = value === null ? "null" : Array.isArray(value) ? "list" : typeof value;
  switch (shape.kind) {
    case "any":
      return true;
    case "text":
      return type === "string";
    case "scalar":
      return type === "string" || type === "number" || type === "boolean" || type === "bigint";
    case "number":
      return type === "number";
    case "flag":
      return type === "boolean";
    case "nothing":
      return type === "null";
    case "duration":
    case "size":
      return type === "string" || type === "number";
    case "choice":
      return shape.values.some((accepted) => typeof accepted === type);
    case "list":
    case "steps":
      return type === "list";
    case "map":
    case "object":
      return type === "object";
    case "union":
      return shape.of.some((one) => fitsKind(value, one));
    default:
      return shape satisfies never;
  }
}
