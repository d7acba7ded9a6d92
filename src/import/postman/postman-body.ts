import type { JsonObject } from "../../protocol/json.ts";
import { asList, asObject, asText } from "../../protocol/json-values.ts";
import type { Draft } from "../draft.ts";
import type { ImportOptions } from "../importer.ts";
import { decodeText } from "../decode-text.ts";
import { type BodyPart, literalBody, type Pair, type RequestBody } from "../request-body.ts";

const languages: Readonly<Record<string, string>> = {
  json: "application/json",
  xml: "application/xml",
  html: "text/html",
  javascript: "application/javascript",
  text: "text/plain",
};

/** The body and the content type that Postman would send with it. */
interface PostmanBody {
  readonly body: RequestBody | null;
  readonly type: string | null;
}

export function readPostmanBody(
  body: JsonObject,
  where: string,
  toText: (text: string) => string,
  options: ImportOptions,
  draft: Draft,
): PostmanBody {
  const enabled = (name: string): JsonObject[] =>
    asList(body[name])
      .map(asObject)
      .filter((each) => each["disabled"] !== true);
  const read = (field: JsonObject, name: string): string => toText(asText(field[name]) ?? "");
  const mode = body["disabled"] === true ? "" : (asText(body["mode"]) ?? "");
  switch (mode) {
    case "raw": {
      const text = asText(body["raw"]) ?? "";
      const language = asText(asObject(asObject(body["options"])["raw"])["language"]) ?? "text";
      return text === ""
        ? { body: null, type: null }
        : { body: { kind: "text", text: toText(text) }, type: languages[language] ?? "text/plain" };
    }
    case "urlencoded": {
      const fields = enabled("urlencoded").map((field): Pair => [read(field, "key"), read(field, "value")]);
      return { body: { kind: "form", fields }, type: "application/x-www-form-urlencoded" };
    }
    case "formdata":
      return {
        body: {
          kind: "multipart",
          parts: enabled("formdata").flatMap((field) => readParts(field, where, toText, options, draft)),
        },
        type: null,
      };
    case "graphql": {
      const { query, variables } = asObject(body["graphql"]);
      const given = asText(variables)?.trim() || "{}";
      return {
        body: {
          kind: "text",
          text: `{"query":${JSON.stringify(toText(asText(query) ?? ""))},"variables":${toText(given)}}`,
        },
        type: "application/json",
      };
    }
    case "file":
      return readFileBody(asText(asObject(body["file"])["src"]) ?? "", where, options, draft);
    default:
      return { body: null, type: null };
  }
}

function readFileBody(name: string, where: string, options: ImportOptions, draft: Draft): PostmanBody {
  const type = "application/octet-stream";
  const bytes = options.readBytes(name);
  if (bytes === null) {
    draft.leaveOut(`the file ${name}`, where, "it is not beside the source");
    return { body: null, type: null };
  }
  const text = decodeText(bytes);
  return { body: text === null ? { kind: "file", file: { name, bytes } } : literalBody(text), type };
}

function readParts(
  field: JsonObject,
  where: string,
  toText: (text: string) => string,
  options: ImportOptions,
  draft: Draft,
): BodyPart[] {
  const name = toText(asText(field["key"]) ?? "");
  const type = asText(field["contentType"]);
  if (field["type"] !== "file") return [{ name, type, content: toText(asText(field["value"]) ?? "") }];
  const sources = Array.isArray(field["src"])
    ? asList(field["src"]).map((each) => asText(each) ?? "")
    : [asText(field["src"]) ?? ""];
  return sources.flatMap((source) => {
    const bytes = options.readBytes(source);
    if (bytes !== null) return [{ name, type, content: { name: source, bytes } }];
    draft.leaveOut(`the file ${source} of the field ${name}`, where, "it is not beside the source");
    return [];
  });
}
