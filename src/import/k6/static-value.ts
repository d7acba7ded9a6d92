import type { AnyNode, Node } from "acorn";
import type { Json } from "../../protocol/json.ts";
import { checkDepth, propertyName, readChain } from "./syntax.ts";

/** The value of an expression made of literals and constants alone; undefined: it is none. */
export function readStatic(
  given: Node | null | undefined,
  constants: ReadonlyMap<string, Node>,
  depth = 0,
): Json | undefined {
  checkDepth(depth);
  const node = given as AnyNode | null | undefined;
  const read = (inner: Node): Json | undefined => readStatic(inner, constants, depth + 1);
  switch (node?.type) {
    case "Literal":
      return node.value === null || ["string", "number", "boolean"].includes(typeof node.value)
        ? (node.value as Json)
        : undefined;
    case "TemplateLiteral": {
      const values = node.expressions.map((each) => read(each));
      return values.every((each) => typeof each === "string" || typeof each === "number")
        ? node.quasis.map((quasi, at) => `${quasi.value.cooked ?? ""}${String(values[at] ?? "")}`).join("")
        : undefined;
    }
    case "ConditionalExpression":
      // `__ENV.X ? … : 10`: the default.
      return readChain(node.test)?.startsWith("__ENV.") === true ? read(node.alternate) : undefined;
    case "MemberExpression": {
      const constant = constants.get(readChain(node) ?? "");
      return constant === undefined ? undefined : read(constant);
    }
    case "UnaryExpression": {
      const value = read(node.argument);
      return node.operator === "-" && typeof value === "number"
        ? -value
        : node.operator === "!" && typeof value === "boolean"
          ? !value
          : undefined;
    }
    case "BinaryExpression": {
      const [left, right] = [read(node.left), read(node.right)];
      if (node.operator === "+" && typeof left === "string" && typeof right === "string") return left + right;
      if (typeof left !== "number" || typeof right !== "number") return undefined;
      return node.operator === "*"
        ? left * right
        : node.operator === "+"
          ? left + right
          : node.operator === "-"
            ? left - right
            : node.operator === "/" && right !== 0
              ? left / right
              : undefined;
    }
    case "LogicalExpression":
      // `__ENV.X || 10`: the default.
      return node.operator === "&&" ? undefined : (read(node.left) ?? read(node.right));
    case "ArrayExpression": {
      const items = node.elements.map((item) => (item === null ? undefined : read(item)));
      return items.includes(undefined) ? undefined : (items as Json[]);
    }
    case "ObjectExpression": {
      const pairs = node.properties.map(
        (property) =>
          [propertyName(property), property.type === "Property" ? read(property.value) : undefined] as const,
      );
      return pairs.some(([name, value]) => name === null || value === undefined)
        ? undefined
        : (Object.fromEntries(pairs) as Json);
    }
    case "CallExpression": {
      const { callee } = node;
      const argument = node.arguments[0];
      return callee.type === "Identifier" &&
        /^(?:Number|parseInt|parseFloat)$/.test(callee.name) &&
        argument !== undefined
        ? toNumber(read(argument))
        : undefined;
    }
    case "Identifier": {
      const constant = constants.get(node.name);
      return constant === undefined ? undefined : read(constant);
    }
    default:
      return undefined;
  }
}

function toNumber(value: Json | undefined): number | undefined {
  const number = typeof value === "string" || typeof value === "number" ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
}
