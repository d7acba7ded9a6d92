import type { JsonObject } from "../../protocol/json.ts";
import { asList, asObject, asText } from "../../protocol/json-values.ts";
import type { Draft } from "../draft.ts";
import { readMultipart, type RecordedPart } from "./read-multipart.ts";
import { type BodyPart, literalBody, type Pair, type RequestBody } from "../request-body.ts";
import { decodeText } from "../decode-text.ts";
import { escapeTemplate } from "../template-text.ts";

/** The body of a recorded request; null: none, or none that can be sent (which is noted). */
export function readHarBody(post: JsonObject, where: string, draft: Draft): RequestBody | null {
  const type = asText(post["mimeType"]) ?? "";
  const text = readContent(post);
  const params = asList(post["params"]).map(asObject);
  if (/^multipart\//i.test(type) && params.length > 0) {
    return { kind: "multipart", parts: params.flatMap((param) => readPart(param, where, draft)) };
  }
  const parts = text === null ? null : readMultipart(Buffer.from(text), type);
  if (parts !== null) return { kind: "multipart", parts: parts.flatMap((part) => readSentPart(part, where, draft)) };
  if (text instanceof Uint8Array) return { kind: "file", file: { name: "body.bin", bytes: text } };
  if (text !== null && text !== "") return literalBody(text);
  if (params.length === 0) return null;
  return {
    kind: "form",
    fields: params.map(
      (param): Pair => [escapeTemplate(asText(param["name"]) ?? ""), escapeTemplate(asText(param["value"]) ?? "")],
    ),
  };
}

/** Bytes where they are no UTF-8 text. */
function readContent(post: JsonObject): string | Uint8Array | null {
  const text = asText(post["text"]);
  const encoding = asText(post["encoding"]) ?? asText(post["_encoding"]);
  if (text === null || encoding?.toLowerCase() !== "base64") return text;
  const bytes = Buffer.from(text, "base64");
  return decodeText(bytes) ?? bytes;
}

function readSentPart({ name, fileName, type, content }: RecordedPart, where: string, draft: Draft): BodyPart[] {
  const named = { name: escapeTemplate(name), type };
  if (fileName === null) return [{ ...named, content: escapeTemplate(content.toString("utf8")) }];
  // Browsers record that there was a file, and leave out what it held.
  if (content.length > 0) return [{ ...named, content: { name: fileName, bytes: content } }];
  draft.leaveOut(`the file ${fileName} of the field ${name}`, where, "the recording does not have its content");
  return [];
}

function readPart(param: JsonObject, where: string, draft: Draft): BodyPart[] {
  const file = asText(param["fileName"]);
  const value = asText(param["value"]);
  const named = { name: escapeTemplate(asText(param["name"]) ?? ""), type: asText(param["contentType"]) };
  if (file === null) return [{ ...named, content: escapeTemplate(value ?? "") }];
  if (value !== null) return [{ ...named, content: { name: file, bytes: value } }];
  draft.leaveOut(`the file ${file} of the field ${named.name}`, where, "the recording does not have its content");
  return [];
}
