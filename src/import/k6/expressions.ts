import type { AnyNode, Node } from "acorn";
import type { Json } from "../../protocol/json.ts";
import { asObject } from "../../protocol/json-values.ts";
import type { Draft } from "../draft.ts";
import { escapeTemplate, quoteText } from "../template-text.ts";
import type { DataLists } from "./data-lists.ts";
import type { HeldResponse, Names } from "./names.ts";
import { randomBelow } from "./read-random.ts";
import { checkDepth, propertyName, readChain } from "./syntax.ts";

/** Reads expressions of the script into those of a workflow. null: there is none like it. */
export interface Expressions {
  expression(node: Node | null | undefined, names: Names): string | null;
  /** As a text with templates. */
  template(node: Node | null | undefined, names: Names): string | null;
  /** As a value whose texts are templates. */
  value(node: Node | null | undefined, names: Names): Json | undefined;
}

const same: Readonly<Record<string, string>> = { "===": "==", "!==": "!=", "==": "==", "!=": "!=" };
const alike = new Set(["<", "<=", ">", ">=", "+", "-", "*", "/", "%"]);

export function createExpressions(lists: DataLists, draft: Draft): Expressions {
  function expression(given: Node | null | undefined, names: Names, depth = 0): string | null {
    checkDepth(depth);
    const node = given as AnyNode | null | undefined;
    const read = (inner: Node): string | null => expression(inner, names, depth + 1);
    const both = (left: Node, operator: string, right: Node): string | null => {
      const [first, second] = [read(left), read(right)];
      return first === null || second === null ? null : `(${first} ${operator} ${second})`;
    };
    switch (node?.type) {
      case "Literal":
        if (typeof node.value === "string") return quoteText(node.value);
        return node.value === null || typeof node.value === "number" || typeof node.value === "boolean"
          ? String(node.value)
          : null;
      case "TemplateLiteral": {
        const parts = node.quasis.flatMap((quasi, at) => [
          quoteText(quasi.value.cooked ?? ""),
          ...(node.expressions[at] === undefined ? [] : [read(node.expressions[at])]),
        ]);
        return parts.includes(null) ? null : `(${parts.filter((part) => part !== '""').join(" + ") || '""'})`;
      }
      case "BinaryExpression":
        return node.left.type === "PrivateIdentifier"
          ? null
          : Object.hasOwn(same, node.operator)
            ? both(node.left, same[node.operator] ?? "", node.right)
            : alike.has(node.operator)
              ? both(node.left, node.operator, node.right)
              : null;
      case "LogicalExpression":
        // `__ENV.X || "default"`: what is not there has no value here.
        return both(
          node.left,
          node.operator === "||" && /^(?:__ENV\.|.*\?)/.test(readChain(node.left) ?? "") ? "??" : node.operator,
          node.right,
        );
      case "UnaryExpression": {
        const inner = ["!", "-"].includes(node.operator) ? read(node.argument) : null;
        return inner === null ? null : `${node.operator}${inner}`;
      }
      case "ConditionalExpression": {
        const parts = [read(node.test), read(node.consequent), read(node.alternate)];
        return parts.includes(null) ? null : `(${parts[0]} ? ${parts[1]} : ${parts[2]})`;
      }
      case "Identifier":
        return names.values.get(node.name) ?? null;
      case "MemberExpression":
        return readMember(node, names);
      case "CallExpression":
        return readCall(node, names, depth);
      default:
        return null;
    }
  }

  function readMember(node: Node, names: Names): string | null {
    const chain = readChain(node) ?? "";
    const [root = "", ...rest] = chain.split(".");
    const response = names.responses.get(root);
    if (response !== undefined && rest.length > 0) return ofResponse(response, rest.join("."));
    const value = ofChain([root, ...rest], names);
    if (value !== null) return value;
    if (root === "__ENV") return rest.length === 1 && /^[A-Za-z_]\w*$/.test(rest[0] ?? "") ? `env.${rest[0]}` : null;
    return lists.read(node, names) ?? readJsonPath(node as AnyNode, names);
  }

  /** The longest part of a chain that is known, with the rest as members. */
  function ofChain(parts: readonly string[], names: Names): string | null {
    for (let count = parts.length; count > 0; count -= 1) {
      const known = names.values.get(parts.slice(0, count).join("."));
      if (known === undefined) continue;
      const [field, ...more] = parts.slice(count);
      if (field === undefined) return known;
      const fits = lists.hasField(known, field) && [field, ...more].every((part) => /^[A-Za-z_]\w*$/.test(part));
      return fits ? `${known}.${[field, ...more].join(".")}` : null;
    }
    return null;
  }

  function ofResponse(response: HeldResponse, field: string): string | null {
    if (field === "status") return take(response, "status", { from: "status" });
    if (field === "body") return take(response, "body", { from: "body" });
    const header = /^headers\.(.+)$/.exec(field)?.[1];
    const cookie = /^cookies\.([^.]+)\.0\.value$/.exec(field)?.[1];
    if (cookie !== undefined) return take(response, cookie, { from: "cookie", path: cookie });
    return header === undefined ? null : take(response, header, { from: "header", path: header });
  }

  /** `res.json("a.b")`, and `res.json().a[0].b`. */
  function readJsonPath(given: AnyNode, names: Names): string | null {
    const steps: string[] = [];
    let node: AnyNode = given;
    while (node.type === "MemberExpression") {
      const property = node.property as AnyNode;
      if (property.type === "Identifier" && !node.computed) steps.unshift(`.${property.name}`);
      else if (property.type === "Literal")
        steps.unshift(
          typeof property.value === "number" ? `[${property.value}]` : `[${JSON.stringify(property.value)}]`,
        );
      else return null;
      node = node.object as AnyNode;
    }
    if (node.type !== "CallExpression") return null;
    const callee = readChain(node.callee) ?? "";
    const response = callee.endsWith(".json") ? names.responses.get(callee.slice(0, -".json".length)) : undefined;
    const inside = callee === "JSON.parse" ? (readChain(node.arguments[0]) ?? "") : "";
    const parsed = inside.endsWith(".body") ? names.responses.get(inside.slice(0, -".body".length)) : undefined;
    const held = response ?? parsed;
    if (held === undefined) return null;
    const [argument] = node.arguments as AnyNode[];
    const selector =
      response === undefined || argument === undefined
        ? ""
        : argument.type === "Literal" && typeof argument.value === "string"
          ? toPath(argument.value)
          : null;
    if (selector === null) return null;
    const path = `$${selector}${steps.join("")}`;
    return take(held, path.replaceAll(/[^\w]+/g, "_").replaceAll(/^_|_$/g, "") || "json", { path });
  }

  function take(
    response: HeldResponse,
    hint: string,
    where: { readonly from?: string; readonly path?: string },
  ): string {
    const key = JSON.stringify(where);
    const known = response.taken.get(key);
    if (known !== undefined) return known;
    const name = draft.assign(`${response.stepId}_${hint}`);
    response.taken.set(key, name);
    response.extract.push({ name, ...where });
    return name;
  }

  function readCall(node: AnyNode & { type: "CallExpression" }, names: Names, depth: number): string | null {
    const name = readChain(node.callee) ?? "";
    const args = node.arguments.map((argument) => expression(argument, names, depth + 1));
    const call = (to: string, count: number): string | null =>
      args.length === count && !args.includes(null) ? `${to}(${args.join(", ")})` : null;
    switch (name) {
      case "uuidv4":
      case "crypto.randomUUID":
        return "uuid()";
      case "Date.now":
        return "now()";
      case "randomIntBetween":
        return call("random_int", 2);
      case "randomString":
        return args.length >= 1 && args[0] !== null ? `random_text(${args.slice(0, 2).join(", ")})` : null;
      case "encodeURIComponent":
        return call("url_encode", 1);
      case "encoding.b64encode":
      case "b64encode":
        return args[0] === null || args[0] === undefined ? null : `base64(${args[0]})`;
      case "String":
        return call("text", 1);
      case "Number":
      case "parseFloat":
        return call("number", 1);
      case "parseInt":
        return args[0] === null || args[0] === undefined ? null : `int(${args[0]})`;
      case "JSON.stringify":
        return call("json", 1);
      case "randomItem": {
        const row = lists.read(node, names);
        if (row !== null) return row;
        const list = node.arguments[0] as AnyNode | undefined;
        const items =
          list?.type === "ArrayExpression" ? list.elements.map((item) => expression(item, names, depth + 1)) : [null];
        return items.length === 0 || items.includes(null) ? null : `pick(${items.join(", ")})`;
      }
      case "Math.random":
        return "(random_int(0, 999999) / 1000000)";
      case "Math.round":
        return args.length === 1 && args[0] !== null ? `int(${args[0]} + 0.5)` : null;
      case "Math.floor":
      case "Math.trunc": {
        const found = randomBelow(node.arguments[0] as AnyNode | undefined);
        return found === null ? call("int", 1) : `random_int(0, ${found - 1})`;
      }
      default:
        return readJsonPath(node, names);
    }
  }

  function template(given: Node | null | undefined, names: Names): string | null {
    const node = given as AnyNode | null | undefined;
    if (node?.type === "Literal" && typeof node.value === "string") return escapeTemplate(node.value);
    if (node?.type === "TemplateLiteral") {
      const parts = node.quasis.flatMap((quasi, at) => [
        escapeTemplate(quasi.value.cooked ?? ""),
        ...(node.expressions[at] === undefined ? [] : [template(node.expressions[at], names)]),
      ]);
      return parts.includes(null) ? null : parts.join("");
    }
    if (node?.type === "BinaryExpression" && node.operator === "+" && isText(node)) {
      const [left, right] = [template(node.left, names), template(node.right, names)];
      return left === null || right === null ? null : left + right;
    }
    const made = expression(node, names);
    return made === null ? null : `\${${made}}`;
  }

  function value(given: Node | null | undefined, names: Names, depth = 0): Json | undefined {
    checkDepth(depth);
    const node = given as AnyNode | null | undefined;
    if (node?.type === "Literal" && typeof node.value !== "string")
      return node.value === null || typeof node.value === "number" || typeof node.value === "boolean"
        ? node.value
        : undefined;
    if (
      node?.type === "UnaryExpression" &&
      node.operator === "-" &&
      node.argument.type === "Literal" &&
      typeof node.argument.value === "number"
    )
      return -node.argument.value;
    if (node?.type === "ArrayExpression") {
      const items = node.elements.map((item) => value(item, names, depth + 1));
      return items.includes(undefined) ? undefined : (items as Json[]);
    }
    if (node?.type === "ObjectExpression") {
      const pairs = node.properties.flatMap((property): (readonly [string | null, Json | undefined])[] => {
        if (property.type === "Property") return [[propertyName(property), value(property.value, names, depth + 1)]];
        const spread = value(property.argument, names, depth + 1);
        return typeof spread === "object" ? Object.entries(asObject(spread)) : [[null, undefined]];
      });
      return pairs.some(([name, item]) => name === null || item === undefined)
        ? undefined
        : (Object.fromEntries(pairs) as Json);
    }
    if (node?.type === "Identifier" && names.nodes.has(node.name))
      return value(names.nodes.get(node.name), names, depth + 1);
    return template(node, names) ?? undefined;
  }

  return { expression: (node, names) => expression(node, names), template, value: (node, names) => value(node, names) };
}

/** JSON paths of k6 are those of gjson: `items.0.id`; null: it uses more than names and numbers. */
function toPath(selector: string): string | null {
  if (!/^[\p{L}\p{N}_.-]+$/u.test(selector)) return null;
  return selector
    .split(".")
    .map((part) =>
      /^\d+$/.test(part) ? `[${part}]` : /^[A-Za-z_]\w*$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`,
    )
    .join("");
}

/** Is a sum one of texts? Numbers that are added stay numbers. */
function isText(node: AnyNode): boolean {
  if (node.type === "Literal") return typeof node.value === "string";
  if (node.type === "BinaryExpression" && node.operator === "+") return isText(node.left) || isText(node.right);
  return node.type === "TemplateLiteral";
}
