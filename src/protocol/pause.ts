import { parseDuration } from "../quantity.ts";
import type { Json, JsonObject } from "./json.ts";
import { describe, object, type Shape, union } from "./shape.ts";
import type { Pause } from "./workflow.ts";

const limit: Shape = { kind: "duration", templates: true };

/** `1s`, a template that yields a duration, or `{min, max}`. */
export const pauseShape: Shape = union(
  limit,
  object(
    {
      min: describe(limit, "The shortest time; a bare number is milliseconds. Required."),
      max: describe(limit, "The longest time; a bare number is milliseconds. Required."),
    },
    ["min", "max"],
  ),
);

/** A Pause from a checked value. */
export function resolvePause(value: Json): Pause {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const { min, max } = value as JsonObject;
    return { minMs: resolveLimit(min), maxMs: resolveLimit(max) };
  }
  const both = resolveLimit(value);
  return { minMs: both, maxMs: both };
}

function resolveLimit(value: Json | undefined): number | string {
  if (typeof value !== "string" && typeof value !== "number") return 0;
  return parseDuration(value) ?? String(value);
}
