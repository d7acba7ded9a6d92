import type { Json } from "../../protocol/json.ts";
import { asObject, asText } from "../../protocol/json-values.ts";

/** A name and its value. */
export type Pair = readonly [name: string, value: string];

/** A map of texts or lists of texts, or a list of `{key, value}`, as pairs in order of writing. */
export function readPairs(value: Json | undefined): readonly Pair[] {
  if (Array.isArray(value)) {
    return (value as readonly Json[]).map(
      (item): Pair => [asText(asObject(item)["key"]) ?? "", asText(asObject(item)["value"]) ?? ""],
    );
  }
  return Object.entries(asObject(value)).flatMap(([name, entry]): Pair[] =>
    Array.isArray(entry)
      ? (entry as readonly Json[]).map((item): Pair => [name, asText(item) ?? ""])
      : [[name, asText(entry) ?? ""]],
  );
}
