import type { AnyNode, Node } from "acorn";
import { isRequest } from "./requests.ts";
import { checkDepth } from "./syntax.ts";

/** `http.get(url).json("a")` as the request, and `NAME.json("a")` of the response that is to be held under this name; null: there is none. */
export function liftRequest(
  node: AnyNode,
  module: string,
  name: string,
  depth = 0,
): { readonly request: Node; readonly value: AnyNode } | null {
  checkDepth(depth);
  if (isRequest(node, module)) {
    const held: AnyNode = { type: "Identifier", name, start: node.start, end: node.end };
    return { request: node, value: held };
  }
  if (node.type !== "MemberExpression" && node.type !== "CallExpression") return null;
  const inner = liftRequest(node.type === "MemberExpression" ? node.object : node.callee, module, name, depth + 1);
  if (inner === null) return null;
  const value = node.type === "MemberExpression" ? { ...node, object: inner.value } : { ...node, callee: inner.value };
  return { request: inner.request, value: value as AnyNode };
}
