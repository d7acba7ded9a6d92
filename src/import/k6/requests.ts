import type { AnyNode, Node } from "acorn";
import type { Json, JsonObject } from "../../protocol/json.ts";
import { asObject, asText } from "../../protocol/json-values.ts";
import { parseDuration } from "../../quantity.ts";
import type { Draft } from "../draft.ts";
import { writeHttpStep } from "../http-step.ts";
import type { Pair, RequestBody } from "../request-body.ts";
import type { Expressions } from "./expressions.ts";
import type { HeldResponse, Names } from "./names.ts";
import { lineOf, propertyName, readChain } from "./syntax.ts";

const methods: Readonly<Record<string, string>> = {
  get: "GET",
  head: "HEAD",
  post: "POST",
  put: "PUT",
  patch: "PATCH",
  del: "DELETE",
  options: "OPTIONS",
};

/** A request of the script as a step, and the response that the script may go on with. */
export interface WrittenRequest {
  readonly step: Record<string, Json>;
  readonly response: HeldResponse;
}

/** Is it a call of k6/http that sends one request? */
export function isRequest(given: Node | null | undefined, module: string): boolean {
  const node = given as AnyNode | null | undefined;
  const [object, method = ""] = node?.type === "CallExpression" ? (readChain(node.callee) ?? "").split(".") : [];
  return object === module && (Object.hasOwn(methods, method) || method === "request");
}

/** The step of `http.post(url, body, params)`; null: something of it cannot be read (which is noted). */
export function writeRequest(given: Node, names: Names, expressions: Expressions, draft: Draft): WrittenRequest | null {
  const node = given as AnyNode & { type: "CallExpression" };
  const name = (readChain(node.callee) ?? "").split(".")[1] ?? "";
  const args = [...node.arguments] as (Node | undefined)[];
  const method = name === "request" ? (expressions.template(args.shift(), names) ?? "") : (methods[name] ?? "GET");
  const hasBody = !["get", "head"].includes(name);
  return writeCall(
    node,
    method,
    args[0],
    hasBody ? args[1] : undefined,
    args[hasBody ? 2 : 1],
    names,
    expressions,
    draft,
  );
}

/** The same of a part of `http.batch`: a URL, `[method, url, body, params]` or an object with these. */
export function writeBatched(given: Node, names: Names, expressions: Expressions, draft: Draft): WrittenRequest | null {
  const node = given as AnyNode;
  if (node.type === "ArrayExpression") {
    const [method, url, body, params] = node.elements;
    return writeCall(
      node,
      expressions.template(method, names) ?? "",
      url ?? undefined,
      body ?? undefined,
      params ?? undefined,
      names,
      expressions,
      draft,
    );
  }
  if (node.type === "ObjectExpression") {
    const fields = new Map(
      node.properties.flatMap((each) =>
        each.type === "Property" ? [[propertyName(each) ?? "", each.value as Node]] : [],
      ),
    );
    const method = fields.has("method") ? expressions.template(fields.get("method"), names) : "GET";
    return writeCall(
      node,
      method ?? "",
      fields.get("url"),
      fields.get("body"),
      fields.get("params"),
      names,
      expressions,
      draft,
    );
  }
  return writeCall(node, "GET", node, undefined, undefined, names, expressions, draft);
}

function writeCall(
  node: Node,
  method: string,
  urlNode: Node | undefined,
  bodyNode: Node | undefined,
  paramsNode: Node | undefined,
  names: Names,
  expressions: Expressions,
  draft: Draft,
): WrittenRequest | null {
  const where = lineOf(node);
  const refuse = (what: string): null => {
    draft.leaveOut(`the request`, where, `${what} is computed in a way that is not read`);
    return null;
  };
  const written = urlNode as AnyNode | undefined;
  const isTagged = written?.type === "TaggedTemplateExpression" && readChain(written.tag) === "http.url";
  const url = expressions.template(isTagged ? written.quasi : urlNode, names);
  if (url === null || url === "") return refuse("its URL");
  if (!/^[A-Za-z]+$/.test(method)) return refuse("its method");
  if (
    /^(?!https?:)[a-z][a-z0-9+.-]*:\/\//i.test(url) ||
    (/^https?:/i.test(url) && !url.includes("${") && !URL.canParse(url))
  )
    return refuse("its URL");
  if (!draft.hasRoom("the request", where)) return null;
  const params = readParams(paramsNode, names, expressions, where, draft);
  const body = readBody(bodyNode, names, expressions);
  if (body === undefined) return refuse("its body");
  const headers: Pair[] = Object.entries(asObject(params["headers"])).map(([key, value]) => [key, asText(value) ?? ""]);
  if (body?.kind === "form" && !headers.some(([key]) => key.toLowerCase() === "content-type"))
    headers.push(["content-type", "application/x-www-form-urlencoded"]);
  const tags = asObject(params["tags"]);
  const made = writeHttpStep(
    {
      name: asText(tags["name"]) ?? "",
      where,
      method,
      url,
      headers,
      body,
      config: readConfig(params, where, draft),
      step: {},
    },
    draft,
  );
  if (made === null) return null;
  const step: Record<string, Json> = { ...made };
  const others = Object.fromEntries(
    Object.entries(tags).filter(
      ([key, value]) => key !== "name" && ["string", "number", "boolean"].includes(typeof value),
    ),
  );
  if (Object.keys(others).length > 0) step["tags"] = others;
  const extract: Json[] = [];
  return { step, response: { stepId: String(step["id"]), extract, taken: new Map() } };
}

function readParams(
  node: Node | undefined,
  names: Names,
  expressions: Expressions,
  where: string,
  draft: Draft,
): JsonObject {
  if (node === undefined || (node as AnyNode).type === "Literal") return {};
  const value = expressions.value(node, names);
  if (value !== undefined) return asObject(value);
  draft.leaveOut("the params of a request", where, "they are computed in a way that is not read");
  return {};
}

/** null: none; undefined: it cannot be read. */
function readBody(
  given: Node | undefined,
  names: Names,
  expressions: Expressions,
  depth = 0,
): RequestBody | null | undefined {
  const node = given as AnyNode | undefined;
  if (
    node === undefined ||
    (node.type === "Literal" && node.value === null) ||
    (node.type === "Identifier" && node.name === "undefined")
  )
    return null;
  if (node.type === "Identifier" && names.nodes.has(node.name) && depth < 10)
    return readBody(names.nodes.get(node.name), names, expressions, depth + 1);
  if (node.type === "CallExpression" && readChain(node.callee) === "JSON.stringify") {
    const value = expressions.value(node.arguments[0], names);
    return value === undefined ? undefined : { kind: "json", value };
  }
  if (node.type === "ObjectExpression") {
    const value = expressions.value(node, names);
    return value === undefined
      ? undefined
      : {
          kind: "form",
          fields: Object.entries(asObject(value)).map(
            ([name, item]): Pair => [name, asText(item) ?? JSON.stringify(item)],
          ),
        };
  }
  const text = expressions.template(node, names);
  return text === null ? undefined : { kind: "text", text };
}

function readConfig(params: JsonObject, where: string, draft: Draft): JsonObject {
  const config: Record<string, Json> = {};
  for (const [name, value] of Object.entries(params)) {
    if (name === "headers" || name === "tags") continue;
    if (name === "timeout" && (typeof value === "number" || (parseDuration(String(value)) ?? 0) > 0))
      config["timeout"] = value;
    else if (name === "redirects" && typeof value === "number")
      config["redirect"] = value === 0 ? false : { max_redirects: Math.min(value, 100) };
    else if (name === "cookies" && Object.values(asObject(value)).every((each) => typeof each !== "object"))
      config["cookies"] = value;
    else if (name !== "responseType" && name !== "compression")
      draft.leaveOut(`the param ${name}`, where, "there is none like it");
  }
  return config;
}
