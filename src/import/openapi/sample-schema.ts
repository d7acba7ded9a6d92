import type { Json, JsonObject } from "../../protocol/json.ts";
import { asList, asNumber, asObject, asText } from "../../protocol/json-values.ts";
import { followReference } from "./references.ts";

/** Levels of a made value. */
const deepest = 8;
/** Values in it, so that no schema costs more than a moment. */
const mostValues = 2_000;

const formats: Readonly<Record<string, string>> = {
  uuid: "3fa85f64-5717-4562-b3fc-2c963f66afa6",
  date: "2026-01-31",
  "date-time": "2026-01-31T12:00:00Z",
  time: "12:00:00Z",
  duration: "PT1M",
  email: "user@example.com",
  uri: "https://example.com/",
  url: "https://example.com/",
  hostname: "example.com",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
  byte: "dGV4dA==",
  binary: "text",
};

/** A value that a schema allows: its example, default, constant or first choice, else made by its type; undefined: none. */
export function sampleSchema(root: JsonObject, schema: Json | undefined): Json | undefined {
  let values = 0;
  return sample(schema, 0, []);

  function sample(given: Json | undefined, depth: number, way: readonly string[]): Json | undefined {
    values += 1;
    if (depth > deepest || values > mostValues) return undefined;
    const object = asObject(given);
    const reference = asText(object["$ref"]);
    if (reference !== null) {
      if (way.includes(reference)) return undefined;
      return sample(followReference(root, reference), depth, [...way, reference]);
    }
    const ready = [
      object["example"],
      asList(object["examples"])[0],
      object["default"],
      object["const"],
      asList(object["enum"])[0],
    ];
    const found = ready.find((each) => each !== undefined);
    if (found !== undefined) return found;
    const parts = asList(object["allOf"]);
    if (parts.length > 0) return mergeParts(object, parts, depth, way);
    const choice = asList(object["oneOf"])[0] ?? asList(object["anyOf"])[0];
    if (choice !== undefined) return sample(choice, depth + 1, way);
    return sampleType(object, depth, way);
  }

  function mergeParts(
    object: JsonObject,
    parts: readonly Json[],
    depth: number,
    way: readonly string[],
  ): Json | undefined {
    const { allOf: _allOf, ...own } = object;
    const made = [...parts, own].map((part) => sample(part, depth + 1, way));
    const objects = made.filter((each) => typeof each === "object" && each !== null && !Array.isArray(each));
    if (objects.length === 0) return made.find((each) => each !== undefined);
    return Object.fromEntries(objects.flatMap((each) => Object.entries(each as JsonObject)));
  }

  function sampleType(object: JsonObject, depth: number, way: readonly string[]): Json | undefined {
    const { type: given } = object;
    const type = Array.isArray(given) ? asList(given).find((each) => each !== "null") : given;
    switch (type ?? guessType(object)) {
      case "object":
        return sampleObject(object, depth, way);
      case "array": {
        const item = sample(object["items"], depth + 1, way);
        const count = Math.min(Math.max(asNumber(object["minItems"]) ?? 1, 1), 10);
        return item === undefined ? [] : Array.from({ length: count }, () => item);
      }
      case "integer":
      case "number":
        return sampleNumber(object);
      case "boolean":
        return true;
      case "null":
        return null;
      case "string":
        return sampleText(object);
      default:
        return Object.keys(object).length === 0 ? undefined : "text";
    }
  }

  function sampleObject(object: JsonObject, depth: number, way: readonly string[]): Json {
    return Object.fromEntries(
      Object.entries(asObject(object["properties"])).flatMap(([name, schema]): [string, Json][] => {
        if (asObject(schema)["readOnly"] === true) return [];
        const value = sample(schema, depth + 1, way);
        return value === undefined ? [] : [[name, value]];
      }),
    );
  }
}

function guessType(object: JsonObject): string | undefined {
  if (Object.hasOwn(object, "properties")) return "object";
  if (Object.hasOwn(object, "items")) return "array";
  return Object.hasOwn(object, "format") || Object.hasOwn(object, "pattern") ? "string" : undefined;
}

function sampleNumber(object: JsonObject): number {
  const whole = object["type"] === "integer";
  const low = asNumber(object["minimum"]) ?? asNumber(object["exclusiveMinimum"]);
  const high = asNumber(object["maximum"]) ?? asNumber(object["exclusiveMaximum"]);
  const above = low === asNumber(object["exclusiveMinimum"]) || object["exclusiveMinimum"] === true;
  const given = asNumber(object["multipleOf"]) ?? 0;
  const step = given > 0 ? given : 1;
  const first =
    low === null ? Math.min(1, high ?? 1) : Math.ceil(low / step) * step + (above && low !== null ? step : 0);
  const made = given > 0 ? Math.ceil(first / step) * step : first;
  const value = Number.isFinite(made) ? made : 1;
  return whole ? Math.ceil(value) : value;
}

function sampleText(object: JsonObject): string {
  const format = asText(object["format"]) ?? "";
  const made = Object.hasOwn(formats, format) ? (formats[format] ?? "") : "text";
  const least = Math.min(asNumber(object["minLength"]) ?? 0, 1_000);
  const most = asNumber(object["maxLength"]) ?? Number.POSITIVE_INFINITY;
  return made.padEnd(least, "x").slice(0, Math.max(0, most));
}
