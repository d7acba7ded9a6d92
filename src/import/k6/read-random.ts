import type { AnyNode } from "acorn";
import { readChain } from "./syntax.ts";

/** `Math.random() * b`, `Math.random() * b + a`, seconds; as [_, from, to]. */
export function readRandom(node: AnyNode | undefined): readonly [string, string, string] | null {
  if (node?.type === "BinaryExpression" && node.operator === "+") {
    const [left, right] = [node.left as AnyNode, node.right as AnyNode];
    const [number, product] = left.type === "Literal" ? [left, right] : [right, left];
    const inner = readRandom(product);
    return inner === null || number.type !== "Literal" || typeof number.value !== "number"
      ? null
      : ["", String(number.value), String(Number(inner[2]) + number.value)];
  }
  if (node?.type === "CallExpression" && readChain(node.callee) === "Math.random") return ["", "0", "1"];
  if (node?.type !== "BinaryExpression" || node.operator !== "*") return null;
  const [left, right] = [node.left as AnyNode, node.right as AnyNode];
  const [random, factor] = left.type === "Literal" ? [right, left] : [left, right];
  return random.type === "CallExpression" &&
    readChain(random.callee) === "Math.random" &&
    factor.type === "Literal" &&
    typeof factor.value === "number"
    ? ["", "0", String(factor.value)]
    : null;
}

/** The n of `Math.random() * n`. */
export function randomBelow(node: AnyNode | undefined): number | null {
  if (node?.type !== "BinaryExpression" || node.operator !== "*") return null;
  const isRandom = (each: AnyNode): boolean =>
    each.type === "CallExpression" && readChain(each.callee) === "Math.random";
  const other = (
    isRandom(node.left as AnyNode) ? node.right : isRandom(node.right) ? node.left : null
  ) as AnyNode | null;
  return other?.type === "Literal" && typeof other.value === "number" && other.value >= 1
    ? Math.floor(other.value)
    : null;
}
