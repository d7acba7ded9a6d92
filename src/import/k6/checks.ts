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
/** A comparison of the workflow. */
type Condition = { readonly [key: string]: Json };
/** Reads what is compared with; undefined: it is not read. */
type ValueOf = (node: Node) => Json | undefined;

const none: ReadonlyMap<string, Node> = new Map();

/** The checks of `check(res, {name: (r) => …})`; those that are no plain comparison are noted as left out. */
export function readChecks(given: Node | undefined, valueOf: ValueOf, draft: Draft): Json[] {
  const node = given as AnyNode | undefined;
  if (node?.type !== "ObjectExpression") {
    draft.leaveOut("a check", node === undefined ? "script" : lineOf(node), "its conditions do not stand in it");
    return [];
  }
  return node.properties.flatMap((property): Json[] => {
    const name = propertyName(property);
    const made = property.type === "Property" ? readCheck(property.value, valueOf) : [];
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
function readCheck(given: AnyNode, valueOf: ValueOf): Condition[] {
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
  return name === null || body === null || body === undefined ? [] : readCondition(body as AnyNode, name, valueOf);
}

function readCondition(node: AnyNode, name: string, valueOf: ValueOf): Condition[] {
  if (node.type === "LogicalExpression" && node.operator === "&&") {
    const [left, right] = [readCondition(node.left, name, valueOf), readCondition(node.right, name, valueOf)];
    return left.length === 0 || right.length === 0 ? [] : [...left, ...right];
  }
  if (node.type === "UnaryExpression" && node.operator === "!") {
    const inner = node.argument as AnyNode;
    return inner.type === "UnaryExpression" && inner.operator === "!"
      ? readCondition(inner.argument, name, valueOf)
      : [];
  }
  if (node.type === "CallExpression") return readMethod(node, name, valueOf);
  if (node.type === "BinaryExpression") return readComparison(node, name, valueOf);
  const subject = readSubject(node, name);
  if (subject === null) return [];
  return [subject["type"] === "body" ? { ...subject, operator: "ne", value: "" } : { ...subject, operator: "exists" }];
}

function readComparison(node: AnyNode & { type: "BinaryExpression" }, name: string, valueOf: ValueOf): Condition[] {
  const operator = operators[node.operator];
  const [left, right] = [node.left, node.right] as AnyNode[];
  if (left === undefined || right === undefined || left.type === "PrivateIdentifier" || operator === undefined)
    return [];
  const isNothing =
    (right.type === "Identifier" && right.name === "undefined") || (right.type === "Literal" && right.value === null);
  const value = isNothing ? null : (readStatic(right, none) ?? (mentions(right, name) ? undefined : valueOf(right)));
  if (readChain(left) === `${name}.body.length` && operator === "gt" && value === 0)
    return [{ type: "body", operator: "ne", value: "" }];
  const subject = readSubject(left, name);
  if (subject === null || value === undefined) return [];
  if (!isNothing) return [{ ...subject, operator, value }];
  return operator === "eq" || operator === "ne"
    ? [{ ...subject, operator: "exists", ...(operator === "eq" ? { value: false } : {}) }]
    : [];
}

/** Is it about the response itself? */
function mentions(node: AnyNode, name: string): boolean {
  let inner = node;
  for (;;) {
    if (inner.type === "MemberExpression") inner = inner.object;
    else if (inner.type === "CallExpression") inner = inner.callee;
    else return inner.type === "Identifier" && inner.name === name;
  }
}

/** `r.body.includes("x")`, `r.headers["X"].startsWith("y")`, `[200, 201].includes(r.status)`. */
function readMethod(node: AnyNode & { type: "CallExpression" }, name: string, valueOf: ValueOf): Condition[] {
  const known: Readonly<Record<string, string>> = {
    includes: "contains",
    startsWith: "starts_with",
    endsWith: "ends_with",
  };
  const callee = node.callee;
  const method =
    callee.type === "MemberExpression" && callee.property.type === "Identifier" ? callee.property.name : "";
  const argument = node.arguments[0] as AnyNode | undefined;
  if (callee.type === "MemberExpression" && Object.hasOwn(known, method) && argument !== undefined) {
    const list = method === "includes" ? readStatic(callee.object, none) : undefined;
    const member = Array.isArray(list) ? readSubject(argument, name) : null;
    if (member !== null && list !== undefined) return [{ ...member, operator: "in", value: list }];
    const subject = readSubject(callee.object, name);
    const value = mentions(argument, name) ? undefined : (readStatic(argument, none) ?? valueOf(argument));
    return subject === null || typeof value !== "string" ? [] : [{ ...subject, operator: known[method] ?? "", value }];
  }
  const subject = readSubject(node, name);
  return subject === null ? [] : [{ ...subject, operator: "exists" }];
}

function readSubject(node: AnyNode, name: string): Condition | null {
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
