import type { Json } from "../protocol/json.ts";
import type { Path } from "../protocol/step-spec.ts";
import type { Findings } from "./findings.ts";
import { limits } from "./limits.ts";

/** A copy of a program's value as JSON data. Fields without a value are left out; what JSON has no word for is reported. */
export function copyJson(value: unknown, findings: Findings): Json {
  let count = 0;
  /** It is told once, however much is left. */
  let full = false;

  const copy = (item: unknown, path: Path): Json | undefined => {
    if (full) return undefined;
    if (++count > limits.values || path.length > limits.depth) {
      const what =
        path.length > limits.depth ? `nested deeper than ${limits.depth} levels` : `more than ${limits.values} values`;
      full = count > limits.values;
      findings.report(path.slice(0, 3), `the value is ${what}, or goes round in a circle`);
      return undefined;
    }
    switch (typeof item) {
      case "string":
      case "boolean":
      case "bigint":
        return item;
      case "undefined":
        return undefined;
      case "number":
        if (Number.isFinite(item)) return item;
        break;
      case "object":
        if (item === null) return null;
        if (Array.isArray(item)) return item.map((entry, index) => copy(entry, [...path, index]) ?? null);
        if (isPlain(item)) return copyFields(item, path);
        break;
      default:
    }
    findings.report(
      path,
      `a ${typeof item === "object" ? "value of a class" : typeof item === "number" ? String(item) : typeof item} is no JSON value; use texts, numbers, true, false, null, lists and plain objects`,
    );
    return undefined;
  };

  const copyFields = (item: object, path: Path): Json => {
    const kept: [string, Json][] = [];
    for (const [key, entry] of Object.entries(item)) {
      if (full) break;
      const copied = copy(entry, [...path, key]);
      if (copied !== undefined) kept.push([key, copied]);
    }
    return Object.fromEntries(kept);
  };

  return copy(value, []) ?? null;
}

function isPlain(item: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(item);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
