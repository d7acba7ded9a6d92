import { parseDuration } from "../../quantity.ts";
import type { Json, JsonObject } from "../../protocol/json.ts";
import { object, type Shape, union } from "../../protocol/shape.ts";
import { listTemplates, type StepSpec } from "../../protocol/step-spec.ts";

const limit: Shape = { kind: "duration", templates: true };

/** `1s`, a template that yields a duration, or `{min, max}`. */
export const pauseShape: Shape = union(limit, object({ min: limit, max: limit }, ["min", "max"]));

/** A Pause from a checked value. */
export function resolvePause(value: Json): { readonly minMs: number | string; readonly maxMs: number | string } {
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

/** Waits. */
export const sleepSpec: StepSpec = {
  kind: "flow",
  capability: null,
  config: object({ duration: pauseShape }, ["duration"]),
  short: "duration",
  children: [],
  metrics: [],
  resolve: (config, context) => {
    const duration = resolvePause(config["duration"] ?? 0);
    if (typeof duration.minMs === "number" && typeof duration.maxMs === "number" && duration.minMs > duration.maxMs) {
      context.report(["duration"], "`min` is longer than `max`; exchange them");
    }
    return { duration: { ...duration } };
  },
  listTexts: (config) => listTemplates(config),
};
