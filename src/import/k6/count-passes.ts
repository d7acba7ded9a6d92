import type { AnyNode } from "acorn";
import { readChain } from "./syntax.ts";

/** `for (let i = 0; i < 3; i++)`. */
export function countPasses(
  node: AnyNode & { type: "ForStatement" },
): { readonly name: string; readonly passes: number } | null {
  const { init, test, update } = node as { init: AnyNode | null; test: AnyNode | null; update: AnyNode | null };
  const [variable] = init?.type === "VariableDeclaration" ? init.declarations : [];
  const start = variable?.init?.type === "Literal" ? variable.init.value : null;
  if (
    variable?.id.type !== "Identifier" ||
    start !== 0 ||
    update?.type !== "UpdateExpression" ||
    update.operator !== "++"
  )
    return null;
  if (
    test?.type !== "BinaryExpression" ||
    !["<", "<="].includes(test.operator) ||
    readChain(test.left) !== variable.id.name
  )
    return null;
  const end = (test.right as AnyNode).type === "Literal" ? (test.right as AnyNode & { type: "Literal" }).value : null;
  return typeof end === "number" && end >= 0 && end <= 1e6
    ? { name: variable.id.name, passes: Math.ceil(end) + (test.operator === "<=" ? 1 : 0) }
    : null;
}
