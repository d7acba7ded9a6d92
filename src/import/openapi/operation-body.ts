import type { Json, JsonObject } from "../../protocol/json.ts";
import { asList, asObject, asText } from "../../protocol/json-values.ts";
import type { Draft } from "../draft.ts";
import type { BodyPart, Pair, RequestBody } from "../request-body.ts";
import { escapeTemplate, escapeValue } from "../template-text.ts";
import { resolveObject } from "./references.ts";
import { sampleSchema } from "./sample-schema.ts";

/** A body of an operation and its content type. */
interface OperationBody {
  readonly body: RequestBody | null;
  readonly type: string | null;
}

const none: OperationBody = { body: null, type: null };
const kinds = [
  /^application\/json\b/i,
  /^[^;]*\+json\b/i,
  /^application\/x-www-form-urlencoded\b/i,
  /^multipart\/form-data\b/i,
  /^text\//i,
  /^application\/xml\b/i,
];

/** The body by `requestBody` of version 3, or by the parameters of version 2. */
export function readOperationBody(
  root: JsonObject,
  operation: JsonObject,
  parameters: readonly JsonObject[],
  where: string,
  draft: Draft,
): OperationBody {
  const onMissing = (reference: string): void =>
    draft.leaveOut(`the reference ${reference}`, where, "only references within the document are followed");
  const content = asObject(resolveObject(root, operation["requestBody"], onMissing)["content"]);
  const types = Object.keys(content);
  if (types.length > 0) {
    const type = kinds.map((kind) => types.find((each) => kind.test(each))).find((each) => each !== undefined);
    if (type === undefined) {
      draft.leaveOut(`the body of ${types.join(", ")}`, where, "no JSON, form or text");
      return none;
    }
    const media = resolveObject(root, content[type], onMissing);
    const example = resolveObject(root, Object.values(asObject(media["examples"]))[0], onMissing)["value"];
    return writeSample(type, media["example"] ?? example ?? sampleSchema(root, media["schema"]));
  }
  const bodyParameter = parameters.find((each) => each["in"] === "body");
  const consumes = [...asList(operation["consumes"] ?? root["consumes"])].map((each) => asText(each) ?? "");
  if (bodyParameter !== undefined) {
    const type = consumes.find((each) => /json/i.test(each)) ?? consumes[0] ?? "application/json";
    return writeSample(type, sampleSchema(root, bodyParameter["schema"]));
  }
  const fields = parameters.filter((each) => each["in"] === "formData");
  if (fields.length === 0) return none;
  const isMultipart =
    consumes.some((each) => /^multipart/i.test(each)) || fields.some((each) => each["type"] === "file");
  const entries = fields.map((field): [string, Json] => [
    asText(field["name"]) ?? "",
    field["type"] === "file" ? "text" : (sampleSchema(root, field) ?? "text"),
  ]);
  return writeSample(
    isMultipart ? "multipart/form-data" : "application/x-www-form-urlencoded",
    Object.fromEntries(entries),
  );
}

function writeSample(type: string, value: Json | undefined): OperationBody {
  if (value === undefined) return none;
  if (/json/i.test(type)) {
    const parsed = typeof value === "string" && /^\s*[[{]/.test(value) ? readJson(value) : value;
    return { body: { kind: "json", value: escapeValue(parsed) }, type };
  }
  const show = (item: Json): string => escapeTemplate(asText(item) ?? JSON.stringify(item));
  if (/^application\/x-www-form-urlencoded/i.test(type)) {
    const fields = Object.entries(asObject(value)).map(([name, item]): Pair => [escapeTemplate(name), show(item)]);
    return { body: { kind: "form", fields }, type };
  }
  if (/^multipart/i.test(type)) {
    const parts = Object.entries(asObject(value)).map(
      ([name, item]): BodyPart => ({ name: escapeTemplate(name), content: show(item), type: null }),
    );
    return { body: { kind: "multipart", parts }, type: null };
  }
  return { body: { kind: "text", text: show(value) }, type };
}

/** An example of JSON may be written as a text. */
function readJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    // Then the text itself is the example.
    return text;
  }
}
