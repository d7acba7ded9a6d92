import type { Json, JsonObject } from "./json.ts";
import { parseDuration, parseSize } from "../quantity.ts";

// Readers of values whose shape has been checked: what does not fit is as absent.

/** Empty where there is none. */
export function asObject(value: Json | undefined): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

/** Empty where there is none. */
export function asList(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

/** Numbers and true/false as text. */
export function asText(value: Json | undefined): string | null {
  return value === undefined || value === null || typeof value === "object" ? null : String(value);
}

export function asNumber(value: Json | undefined): number | null {
  return typeof value === "number" ? value : null;
}

/** Milliseconds. */
export function asMs(value: Json | undefined): number | null {
  return typeof value === "string" || typeof value === "number" ? parseDuration(value) : null;
}

/** Bytes. */
export function asSize(value: Json | undefined): number | null {
  return typeof value === "string" || typeof value === "number" ? parseSize(value) : null;
}

export function asTexts(value: Json | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(asObject(value)).map(([key, item]) => [key, asText(item) ?? ""]));
}
