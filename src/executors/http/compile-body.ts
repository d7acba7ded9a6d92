import { toJsonText } from "../../expression/text.ts";
import { joinPieces } from "../../http/body.ts";
import { compileFields } from "../../http/compile-values.ts";
import { type CompiledText, compileText, constantText } from "../../http/compiled-text.ts";
import { encodeForm } from "../../http/encode.ts";
import type { Json, JsonObject } from "../../protocol/json.ts";
import type { StepContext } from "../../protocol/step.ts";
import type { BodyFiles } from "./body-files.ts";
import type { CompiledBody } from "./compiled-body.ts";
import { compileMultipart } from "./compile-multipart.ts";
import { encodeBody } from "./encode-body.ts";
import type { HttpBody, HttpConfig } from "../../protocol/http-config.ts";

type Templates = Pick<StepContext, "template" | "templateJson" | "constant">;

/** The body of a step, as its headers want it; null: none. */
export function compileBody(config: HttpConfig, templates: Templates, files: BodyFiles): CompiledBody | null {
  const { body } = config;
  const compiled = compileContent(body, templates, files);
  if (compiled === null || body?.kind === "file" || body?.kind === "multipart") return compiled;
  const own = new Map(config.headers);
  // A step that names a coding itself has coded its body.
  const coding = own.has("content-encoding") ? null : config.requestCoding;
  return encodeBody(compiled, own.get("content-type") ?? "", coding);
}

function compileContent(body: HttpBody | null, templates: Templates, files: BodyFiles): CompiledBody | null {
  switch (body?.kind) {
    case undefined:
      return null;
    case "text":
      return ofText(compileText(body.text, templates), null);
    case "form":
      return ofText(compileFields(body.fields, encodeForm, templates), "application/x-www-form-urlencoded");
    case "graphql":
    case "json":
      return ofText(compileJson(body.value, templates), "application/json");
    case "file": {
      const file = files.use(body.file);
      return { isConstant: true, contentType: null, coding: null, evaluate: () => joinPieces([file.part]) };
    }
    case "multipart":
      return compileMultipart(body.parts, templates, files);
  }
}

function ofText(text: CompiledText, contentType: string | null): CompiledBody {
  return { isConstant: text.constant !== undefined, contentType, coding: null, evaluate: text.evaluate };
}

function compileJson(value: Json, templates: Templates): CompiledText {
  const constant = resolveJson(value, templates);
  if (constant !== undefined) return constantText(toJsonText(constant));
  const evaluate = templates.templateJson(value);
  return { constant: undefined, evaluate: (vu) => toJsonText(evaluate(vu)) };
}

/** The value when none of its texts is computed, else undefined. */
function resolveJson(value: Json, templates: Templates): Json | undefined {
  if (typeof value === "string") return templates.constant(value);
  if (typeof value !== "object" || value === null) return value;
  if (isList(value)) {
    const items = value.map((item) => resolveJson(item, templates));
    return items.every((item) => item !== undefined) ? items : undefined;
  }
  const entries = Object.entries(value).map(([key, item]) => [key, resolveJson(item, templates)] as const);
  return entries.every(hasValue) ? Object.fromEntries<Json>(entries) : undefined;
}

function isList(value: readonly Json[] | JsonObject): value is readonly Json[] {
  return Array.isArray(value);
}

function hasValue(entry: readonly [string, Json | undefined]): entry is readonly [string, Json] {
  return entry[1] !== undefined;
}
