import type { Json } from "../protocol/json.ts";

/** Every id that a step of the document gives itself, wherever it stands. */
export function listIds(value: Json, found = new Set<string>()): Set<string> {
  if (typeof value !== "object" || value === null) return found;
  for (const [key, item] of Object.entries(value)) {
    if (key === "id" && typeof item === "string") found.add(item);
    else listIds(item, found);
  }
  return found;
}
