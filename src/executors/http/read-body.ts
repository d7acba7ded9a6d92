import type { Json, JsonObject } from "../../protocol/json.ts";
import { asObject, asText } from "../../protocol/json-values.ts";
import type { Path, SpecContext } from "../../protocol/step-spec.ts";
import type { BodyPart, HttpBody } from "../../protocol/http-config.ts";
import { readPairs } from "./read-pairs.ts";

const bodyKeys = ["body", "json", "form", "multipart", "graphql"] as const;

/** The body that a checked config asks for; null: none, or what is wrong is reported. */
export function readBody(config: JsonObject, context: SpecContext): HttpBody | null {
  const given = bodyKeys.filter((key) => Object.hasOwn(config, key));
  const second = given[1];
  if (second !== undefined) {
    context.report(
      [second],
      `a request has one body, and \`${given[0]}\` is given too; keep one of ${given.map((key) => `\`${key}\``).join(", ")}`,
    );
    return null;
  }
  switch (given[0]) {
    case undefined:
      return null;
    case "json":
      return { kind: "json", value: config["json"] ?? null };
    case "form":
      return { kind: "form", fields: readPairs(config["form"]) };
    case "multipart":
      return { kind: "multipart", parts: readParts(asObject(config["multipart"]), context) };
    case "graphql":
      return readGraphql(asObject(config["graphql"]), context);
    case "body":
      return readTextOrFile(config["body"], context);
    default:
      return given[0] satisfies never;
  }
}

function readTextOrFile(body: Json | undefined, context: SpecContext): HttpBody | null {
  const file = asText(asObject(body)["file"]);
  if (file === null) return { kind: "text", text: asText(body) ?? "" };
  const used = context.useFile(["body", "file"], file);
  return used === null ? null : { kind: "file", file: used };
}

function readGraphql({ query, variables, operation_name: name }: JsonObject, context: SpecContext): HttpBody | null {
  const file = asText(asObject(query)["file"]);
  // Files are never templated.
  const text = file === null ? asText(query) : escape(context.readFile(["graphql", "query", "file"], file));
  if (text === null) return null;
  const operationName = asText(name);
  return {
    kind: "graphql",
    value: {
      query: text,
      ...(variables === undefined ? {} : { variables }),
      ...(operationName === null ? {} : { operationName }),
    },
  };
}

function escape(text: string | null): string | null {
  return text === null ? null : text.replaceAll("${", () => "$${");
}

function readParts(fields: JsonObject, context: SpecContext): BodyPart[] {
  return Object.entries(fields).flatMap(([field, value]) => {
    if (!Array.isArray(value)) return readPart(field, value, ["multipart", field], context);
    return (value as readonly Json[]).flatMap((item, at) => readPart(field, item, ["multipart", field, at], context));
  });
}

function readPart(field: string, value: Json, path: Path, context: SpecContext): BodyPart[] {
  const { file, name, content_type: type } = asObject(value);
  const named = asText(file);
  if (named === null) return [{ field, content: { text: asText(value) ?? "" }, fileName: null, contentType: null }];
  const used = context.useFile([...path, "file"], named);
  if (used === null) return [];
  const fileName = asText(name) ?? escape(used.slice(used.lastIndexOf("/") + 1));
  return [{ field, content: { file: used }, fileName, contentType: asText(type) ?? "application/octet-stream" }];
}
