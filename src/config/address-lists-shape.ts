import { describe, list, type ObjectShape, object, text } from "../protocol/shape.ts";

/** `{allow, deny}`, with what they mean here. */
export function addressListsShape(allow: string, deny: string): ObjectShape {
  return object({ allow: describe(list(text), allow), deny: describe(list(text), deny) });
}
