import type { Json, JsonObject } from "../../protocol/json.ts";
import { asList, asObject, asText } from "../../protocol/json-values.ts";
import type { Draft } from "../draft.ts";
import { writeHttpStep } from "../http-step.ts";
import type { Pair } from "../request-body.ts";
import { escapeTemplate } from "../template-text.ts";
import { readOperationBody } from "./operation-body.ts";
import { resolveObject } from "./references.ts";
import { sampleSchema } from "./sample-schema.ts";
import { secureOperation } from "./security.ts";

/** An operation of the description, and what it stands in. */
export interface Operation {
  readonly root: JsonObject;
  readonly server: string;
  readonly path: string;
  readonly method: string;
  readonly item: JsonObject;
  readonly operation: JsonObject;
}

/** The step that calls an operation with examples, or made values, for everything it needs. */
export function writeOperation(
  { root, server, path, method, item, operation }: Operation,
  draft: Draft,
): JsonObject | null {
  const where = `${method.toUpperCase()} ${path}`;
  const onMissing = (reference: string): void =>
    draft.leaveOut(`the reference ${reference}`, where, "only references within the document are followed");
  const parameters = mergeParameters(
    [...asList(item["parameters"]), ...asList(operation["parameters"])].map((each) =>
      resolveObject(root, each, onMissing),
    ),
  );
  const headers: Pair[] = [];
  const query: string[] = [];
  const cookies: string[] = [];
  const skipped: string[] = [];
  let filled = escapeTemplate(path);
  for (const parameter of parameters) {
    const name = asText(parameter["name"]) ?? "";
    const place = asText(parameter["in"]) ?? "";
    const value = sampleParameter(root, parameter, onMissing);
    if (place === "path")
      filled = filled.replaceAll(`{${name}}`, () => escapeTemplate(encodeText(join(value ?? "text"))));
    else if (parameter["required"] !== true && !hasExample(parameter)) {
      if (["query", "header", "cookie"].includes(place)) skipped.push(name);
    } else if (place === "query") query.push(...writeQuery(name, value ?? "text", parameter));
    else if (place === "header" && !/^(?:accept|content-type|authorization)$/i.test(name))
      headers.push([escapeTemplate(name), escapeTemplate(join(value ?? "text"))]);
    else if (place === "cookie") cookies.push(`${escapeTemplate(name)}=${escapeTemplate(join(value ?? "text"))}`);
  }
  if (skipped.length > 0)
    draft.leaveOut(`the parameters ${skipped.join(", ")}`, where, "optional and without an example");
  const body = readOperationBody(root, operation, parameters, where, draft);
  if (body.type !== null) headers.push(["content-type", body.type]);
  if (cookies.length > 0) headers.push(["cookie", cookies.join("; ")]);
  const security = secureOperation(root, operation, where, draft);
  const url = `${server.replace(/\/$/, "")}${filled.replaceAll(/\{[^{}]*\}/g, "text")}`;
  const allQuery = [...query, ...security.query];
  return writeHttpStep(
    {
      name: asText(operation["operationId"]) ?? "",
      where,
      method,
      url: allQuery.length === 0 ? url : `${url}?${allQuery.join("&")}`,
      headers: [...headers, ...security.headers],
      body: body.body,
      config: { ...security.config, expect_status: listStatuses(asObject(operation["responses"])) },
    },
    draft,
  );
}

/** An operation's own parameter stands for the path's of the same name and place. */
function mergeParameters(parameters: readonly JsonObject[]): JsonObject[] {
  return [...new Map(parameters.map((each) => [`${asText(each["in"])} ${asText(each["name"])}`, each])).values()];
}

function hasExample(parameter: JsonObject): boolean {
  const schema = asObject(parameter["schema"]);
  return (
    ["example", "examples", "default", "x-example"].some((key) => Object.hasOwn(parameter, key)) ||
    ["example", "examples", "default"].some((key) => Object.hasOwn(schema, key))
  );
}

function sampleParameter(
  root: JsonObject,
  parameter: JsonObject,
  onMissing: (reference: string) => void,
): Json | undefined {
  const example = Object.values(asObject(parameter["examples"]))[0];
  const given = parameter["example"] ?? parameter["x-example"] ?? resolveObject(root, example, onMissing)["value"];
  if (given !== undefined) return given;
  const content = Object.values(asObject(parameter["content"]))[0];
  // In version 2 the parameter is its own schema.
  return sampleSchema(
    root,
    parameter["schema"] ?? asObject(content)["schema"] ?? (Object.hasOwn(parameter, "type") ? parameter : undefined),
  );
}

function join(value: Json): string {
  if (Array.isArray(value)) return (value as readonly Json[]).map((each) => asText(each) ?? "").join(",");
  return asText(value) ?? JSON.stringify(value);
}

function writeQuery(name: string, value: Json, parameter: JsonObject): string[] {
  const write = (key: string, item: Json): string => `${encodeText(key)}=${escapeTemplate(encodeText(join(item)))}`;
  const joined =
    parameter["explode"] === false || (Object.hasOwn(parameter, "type") && parameter["collectionFormat"] !== "multi");
  if (Array.isArray(value))
    return joined ? [write(name, value)] : (value as readonly Json[]).map((item) => write(name, item));
  if (typeof value !== "object" || value === null) return [write(name, value)];
  const deep = parameter["style"] === "deepObject";
  return Object.entries(value).map(([key, item]) => write(deep ? `${name}[${key}]` : key, item as Json));
}

/** The answers of 2xx that the operation names, else all of them. */
function listStatuses(responses: JsonObject): Json {
  const named = Object.keys(responses).filter((status) => /^2\d\d$/.test(status));
  return named.length > 0 && !Object.hasOwn(responses, "2XX") ? named.map(Number) : "2xx";
}

/** A text of JSON may hold half of a pair of surrogates. */
function encodeText(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
