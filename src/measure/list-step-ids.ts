import type { Json } from "../protocol/json.ts";

/** The ids of all steps in a part of a workflow, in its order, children of flow steps included. */
export function listStepIds(part: unknown): string[] {
  const ids: string[] = [];
  collectIds(part as Json, ids);
  return ids;
}

function collectIds(value: Json, ids: string[]): void {
  if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) collectIds(item, ids);
  } else if (value !== null && typeof value === "object") {
    const object = value as Readonly<Record<string, Json>>;
    const isStep = typeof object["id"] === "string" && typeof object["type"] === "string";
    if (isStep) ids.push(object["id"] as string);
    for (const child of Object.values(object)) collectIds(child, ids);
  }
}
