import type { JsonObject } from "../../protocol/json.ts";
import { asList, asObject, asText } from "../../protocol/json-values.ts";
import type { Draft } from "../draft.ts";
import { type BodyPart, literalBody, type Pair, type RequestBody } from "../request-body.ts";
import { decodeText } from "../decode-text.ts";
import { escapeTemplate } from "../template-text.ts";

/** The body of a recorded request; null: none, or none that can be sent (which is noted). */
export function readHarBody(post: JsonObject, where: string, draft: Draft): RequestBody | null {
  const type = asText(post["mimeType"]) ?? "";
  const text = readText(post, where, draft);
  const params = asList(post["params"]).map(asObject);
  if (/^multipart\//i.test(type) && params.length > 0) {
    return { kind: "multipart", parts: params.map((param) => readPart(param, where, draft)) };
  }
  if (text !== null && text !== "") return literalBody(text);
  if (params.length === 0) return null;
  return {
    kind: "form",
    fields: params.map(
      (param): Pair => [escapeTemplate(asText(param["name"]) ?? ""), escapeTemplate(asText(param["value"]) ?? "")],
    ),
  };
}

function readText(post: JsonObject, where: string, draft: Draft): string | null {
  const text = asText(post["text"]);
  const encoding = asText(post["encoding"]) ?? asText(post["_encoding"]);
  if (text === null || encoding?.toLowerCase() !== "base64") return text;
  const decoded = decodeText(Buffer.from(text, "base64"));
  if (decoded === null) draft.leaveOut("a binary body", where, "bodies are UTF-8 text");
  return decoded;
}

function readPart(param: JsonObject, where: string, draft: Draft): BodyPart {
  const fileName = asText(param["fileName"]);
  const value = asText(param["value"]);
  if (fileName !== null && value === null)
    draft.leaveOut(`the content of the file ${fileName}`, where, "the recording does not have it");
  return {
    name: escapeTemplate(asText(param["name"]) ?? ""),
    value: escapeTemplate(value ?? ""),
    fileName: fileName === null ? null : escapeTemplate(fileName),
    type: asText(param["contentType"]),
  };
}
