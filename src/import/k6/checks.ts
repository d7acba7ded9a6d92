import type { AnyNode, Node } from "acorn";
import type { Json } from "../../protocol/json.ts";
import type { Draft } from "../draft.ts";
import { readStatic } from "./static-value.ts";
import { lineOf, propertyName, readChain } from "./syntax.ts";

const operators: Readonly<Record<string, string>> = {
  "===": "eq",
  "==": "eq",
  "!==": "ne",
  "!=": "ne",
  "<": "lt",
  "<=": "lte",
  ">": "gt",
  ">=": "gte",
};
const none: ReadonlyMap<string, Node> = new Map();

/** The checks of `check(res, {name: (r) => …})`; those that are no plain comparison are noted as left out. */
export function readChecks(given: Node | undefined, draft: Draft): Json[] {
  const node = given as AnyNode | undefined;
  if (node?.type !== "ObjectExpression") {
    draft.leaveOut("a check", node === undefined ? "script" : lineOf(node), "its conditions do not stand in it");
    return [];
  }
  return node.properties.flatMap((property): Json[] => {
    const name = propertyName(property);
    const made = property.type === "Property" ? readCheck(property.value) : [];
    if (name !== null && made.length > 0)
      return made.map((check, at) => ({ name: at === 0 ? name : `${name} (${at + 1})`, ...check }));
    draft.leaveOut(
      `the check ${name ?? ""}`,
      lineOf(property),
      "only comparisons of status, body, headers, json and times are read",
    );
    return [];
  });
}

/** The comparisons that a condition is made of, all of which must hold; empty: it is more than that. */
function readCheck(given: AnyNode): { readonly [key: string]: Json }[] {
  if (given.type !== "ArrowFunctionExpression" && given.type !== "FunctionExpression") return [];
  const parameter = given.params[0];
  const name = parameter?.type === "Identifier" ? parameter.name : null;
  const [statement] = given.body.type === "BlockStatement" ? given.body.body : [];
  const body =
    given.body.type === "BlockStatement"
      ? statement?.type === "ReturnStatement"
        ? statement.argument
        : null
      : given.body;
  return name === null || body === null || body === undefined ? [] : readCondition(body as AnyNode, name);
}

function readCondition(node: AnyNode, name: string): { readonly [key: string]: Json }[] {
  if (node.type === "LogicalExpression" && node.operator === "&&") {
    const [left, right] = [readCondition(node.left, name), readCondition(node.right, name)];
    return left.length === 0 || right.length === 0 ? [] : [...left, ...right];
  }
  if (node.type === "CallExpression") return readMethod(node, name);
  if (node.type !== "BinaryExpression") {
    const subject = readSubject(node, name);
    return subject === null
      ? []
      : [
          {
            ...subject,
            operator: subject["type"] === "body" ? "ne" : "exists",
            ...(subject["type"] === "body" ? { value: "" } : {}),
          },
        ];
  }
  const operator = operators[node.operator];
  const value = readStatic(node.right, none);
  const length =
    node.left.type === "MemberExpression" &&
    readChain(node.left) === `${name}.body.length` &&
    operator === "gt" &&
    value === 0;
  if (length) return [{ type: "body", operator: "ne", value: "" }];
  const subject = node.left.type === "PrivateIdentifier" ? null : readSubject(node.left, name);
  return subject === null || operator === undefined || value === undefined ? [] : [{ ...subject, operator, value }];
}

/** `r.body.includes("x")`. */
function readMethod(node: AnyNode & { type: "CallExpression" }, name: string): { readonly [key: string]: Json }[] {
  const method = readChain(node.callee);
  const value = readStatic(node.arguments[0], none);
  const known: Readonly<Record<string, string>> = {
    includes: "contains",
    startsWith: "starts_with",
    endsWith: "ends_with",
  };
  const operator = method?.startsWith(`${name}.body.`) ? known[method.slice(name.length + ".body.".length)] : undefined;
  if (operator !== undefined && typeof value === "string") return [{ type: "body", operator, value }];
  const subject = readSubject(node, name);
  return subject === null ? [] : [{ ...subject, operator: "exists" }];
}

function readSubject(node: AnyNode, name: string): { readonly [key: string]: Json } | null {
  const chain = readChain(node);
  if (chain === `${name}.status`) return { type: "status" };
  if (chain === `${name}.body`) return { type: "body" };
  if (chain === `${name}.timings.duration`) return { type: "duration" };
  if (chain?.startsWith(`${name}.headers.`))
    return { type: "header", path: chain.slice(name.length + ".headers.".length) };
  let path = "";
  let inner: AnyNode = node;
  while (inner.type === "MemberExpression") {
    const property = inner.property as AnyNode;
    if (property.type === "Identifier" && !inner.computed) path = `.${property.name}${path}`;
    else if (property.type === "Literal") path = `[${JSON.stringify(property.value)}]${path}`;
    else return null;
    inner = inner.object as AnyNode;
  }
  if (inner.type !== "CallExpression" || readChain(inner.callee) !== `${name}.json`) return null;
  const selector = inner.arguments.length === 0 ? "" : readStatic(inner.arguments[0], none);
  if (typeof selector !== "string" || !/^[\w.]*$/.test(selector)) return null;
  const steps =
    selector === ""
      ? ""
      : selector
          .split(".")
          .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
          .join("");
  return { type: "json", path: `$${steps}${path}` };
}
