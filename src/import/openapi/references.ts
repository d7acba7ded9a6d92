import type { Json, JsonObject } from "../../protocol/json.ts";
import { asObject, asText } from "../../protocol/json-values.ts";

/** The longest chain of references, each to the next. */
const longestChain = 50;

/** What `#/a/b` names in a document; nothing for other documents, which are never fetched. */
export function followReference(root: JsonObject, reference: string): Json | undefined {
  if (!reference.startsWith("#/")) return undefined;
  let value: Json | undefined = root;
  for (const part of reference.slice(2).split("/")) {
    const key = safeDecode(part).replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(value)) value = (value as readonly Json[])[Number(key)];
    else value = Object.hasOwn(asObject(value), key) ? asObject(value)[key] : undefined;
  }
  return value;
}

/** An object, with its `$ref` followed; empty where that leads nowhere or in a circle. */
export function resolveObject(
  root: JsonObject,
  value: Json | undefined,
  onMissing: (reference: string) => void,
): JsonObject {
  let object = asObject(value);
  for (let count = 0; count < longestChain; count += 1) {
    const reference = asText(object["$ref"]);
    if (reference === null) return object;
    const target = followReference(root, reference);
    if (target === undefined) {
      onMissing(reference);
      return {};
    }
    object = asObject(target);
  }
  onMissing(asText(object["$ref"]) ?? "");
  return {};
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that is meant as such.
    return text;
  }
}
