import { EngineError } from "../../errors.ts";
import { showValue } from "../../expression/template-error.ts";
import type { Json } from "../../protocol/json.ts";

/** Status codes from 0 (no answer) to 999: 1 where the code is accepted. */
export type StatusSet = Uint8Array;

const size = 1_000;
const entry = /^(\d{1,3})(?:-(\d{1,3}))?$/;

/** Reads `200`, `"2xx"`, `"300-399"` or a list of these. Throws EngineError `invalid_workflow` for anything else. */
export function readStatusSet(value: Json): StatusSet {
  const set = new Uint8Array(size);
  const entries: readonly Json[] = Array.isArray(value) ? (value as readonly Json[]) : [value];
  for (const item of entries) {
    const [from, to] = readRange(item);
    set.fill(1, from, to + 1);
  }
  return set;
}

function readRange(item: Json): readonly [from: number, to: number] {
  const text = typeof item === "number" || typeof item === "string" ? String(item) : "";
  const family = /^([1-9])xx$/i.exec(text);
  if (family !== null) return [Number(family[1]) * 100, Number(family[1]) * 100 + 99];
  const range = entry.exec(text);
  if (range === null) {
    throw new EngineError(
      "invalid_workflow",
      `a status must be a code such as 200, "2xx" or "300-399", not ${showValue(item)}`,
    );
  }
  return [Number(range[1]), Number(range[2] ?? range[1])];
}
