import type { Json, JsonObject } from "../protocol/json.ts";
import type { Draft } from "./draft.ts";
import { isSecretField } from "./secret-names.ts";
import { escapeTemplate, hasTemplate } from "./template-text.ts";

export type Pair = readonly [name: string, value: string];

/** A part of a multipart body: a template, or a file. */
export interface BodyPart {
  readonly name: string;
  readonly content: string | BodyFile;
  readonly type: string | null;
}

export interface BodyFile {
  /** As the target sees it, or the path in the source; no template. */
  readonly name: string;
  readonly bytes: string | Uint8Array;
}

/** A body as the source has it; texts are templates. */
export type RequestBody =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "json"; readonly value: Json }
  | { readonly kind: "form"; readonly fields: readonly Pair[] }
  | { readonly kind: "file"; readonly file: BodyFile }
  | { readonly kind: "multipart"; readonly parts: readonly BodyPart[] };

/** The fields of an http step for a body, and the content type that goes with it where the engine gives none. */
export interface WrittenBody {
  readonly config: JsonObject;
  readonly type: string | null;
}

/** `type`: the content type that the source names; null: none. */
export function writeBody(body: RequestBody, type: string | null, draft: Draft): WrittenBody {
  switch (body.kind) {
    case "json":
      // A key `<<` means something else in YAML.
      if (JSON.stringify(body.value, roundBigInt)?.includes('"<<":'))
        return {
          config: { body: JSON.stringify(hideFields(body.value, draft), roundBigInt) },
          type: type ?? "application/json",
        };
      return { config: { json: hideFields(body.value, draft) }, type: isPlainJson(type) ? null : type };
    case "form":
      return { config: { form: writePairs(hidePairs(body.fields, draft)) }, type: isPlainForm(type) ? null : type };
    case "file":
      return { config: { body: { file: draft.attachFile(body.file.name, body.file.bytes) } }, type };
    case "multipart":
      return { config: { multipart: writeMultipart(body.parts, draft) }, type: null };
    case "text":
      return writeText(body.text, type, draft);
  }
}

/** Integers beyond 2^53 lose their last digits here. */
function roundBigInt(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}

/** A map where every name comes once, else a list of `{key, value}`. */
export function writePairs(pairs: readonly Pair[]): Json {
  const isMap =
    new Set(pairs.map(([name]) => name)).size === pairs.length && !pairs.some(([name]) => name === "" || name === "<<");
  return isMap ? Object.fromEntries(pairs) : pairs.map(([key, value]) => ({ key, value }));
}

/** `value` itself, or a secret in its place. */
export function hideValue(name: string, value: string, draft: Draft): string {
  return isSecretField(name) && value !== "" && !hasTemplate(value) ? draft.secret(name, value) : value;
}

/** The fields of a form's text (`a=1&b=2`); null where writing them again would give another text. */
export function readForm(text: string): Pair[] | null {
  if (text === "" || !/^[^=&\s]+=[^=&\s]*(?:&[^=&\s]+=[^=&\s]*)*$/.test(text)) return null;
  try {
    const decode = (part: string): string => {
      const decoded = decodeURIComponent(part.replaceAll("+", " "));
      // What was encoded is no template.
      return part.includes("${") ? decoded : escapeTemplate(decoded);
    };
    return text.split("&").map((field): Pair => {
      const at = field.indexOf("=");
      return [decode(field.slice(0, at)), decode(field.slice(at + 1))];
    });
  } catch {
    // A percent sign that begins no escape: the text is sent as it stands.
    return null;
  }
}

function writeText(text: string, type: string | null, draft: Draft): WrittenBody {
  if (isPlainForm(type)) {
    const fields = readForm(text);
    if (fields !== null) return { config: { form: writePairs(hidePairs(fields, draft)) }, type: null };
  }
  const value = /^\s*[[{]/.test(text) && !hasTemplate(text) ? readExactJson(text) : undefined;
  if (value !== undefined && (type === null || /json/i.test(type)))
    return { config: { json: hideFields(value, draft) }, type: isPlainJson(type) ? null : type };
  return { config: { body: hideInText(text, draft) }, type };
}

/** Only where JSON says it again in the same words, blanks apart; undefined otherwise. */
function readExactJson(text: string): Json | undefined {
  try {
    const value = JSON.parse(text) as Json;
    const tight = text.replaceAll(/("(?:[^"\\]|\\.)*")|\s+/g, "$1");
    return !tight.includes('"<<":') && (JSON.stringify(value) === tight || hasSecretField(value)) ? value : undefined;
  } catch {
    // No JSON, or too deep: it is sent as text.
    return undefined;
  }
}

function hasSecretField(value: Json): boolean {
  if (Array.isArray(value)) return (value as readonly Json[]).some(hasSecretField);
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([key, item]) => isSecretField(key) || hasSecretField(item));
}

function hideFields(value: Json, draft: Draft, name = ""): Json {
  if (typeof value === "string") return hideValue(name, value, draft);
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => hideFields(item, draft, name));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, hideFields(item, draft, key)]));
}

/** Secrets in a text that is JSON but for its templates, or a form. */
function hideInText(text: string, draft: Draft): string {
  return text
    .replaceAll(
      /("([^"\\]{1,64})"\s*:\s*")((?:[^"\\]|\\.){1,4096})"/g,
      (all, before: string, name: string, value: string) =>
        isSecretField(name) && !hasTemplate(value) ? `${before}${draft.secret(name, value)}"` : all,
    )
    .replaceAll(
      /((?:^|&)([\w.-]{1,64})=)([^&\s"<>]{1,4096})(?=&|$)/g,
      (all, before: string, name: string, value: string) =>
        isSecretField(name) && !hasTemplate(value) ? `${before}${draft.secret(name, value)}` : all,
    );
}

function hidePairs(pairs: readonly Pair[], draft: Draft): Pair[] {
  return pairs.map(([name, value]) => [name, hideValue(name, value, draft)]);
}

/** Parts by their names; a name that comes twice has a list. */
function writeMultipart(parts: readonly BodyPart[], draft: Draft): JsonObject {
  const written = parts.flatMap((part): (readonly [string, Json])[] => {
    if (part.name !== "<<") return [[part.name, writePart(part, draft)]];
    draft.leaveOut("the field << of a form", "a multipart body", "the name means something else in YAML");
    return [];
  });
  return writeGroups(written);
}

/** An object of the pairs; a name that comes more than once has the list of its values. */
export function writeGroups(pairs: readonly (readonly [name: string, value: Json])[]): JsonObject {
  return Object.fromEntries(
    [...Map.groupBy(pairs, ([name]) => name)].map(([name, group]) => {
      const values = group.map(([, value]) => value);
      return [name, values.length === 1 ? (values[0] ?? "") : values];
    }),
  );
}

function writePart({ name, content, type }: BodyPart, draft: Draft): Json {
  if (typeof content === "string") {
    if (type !== null)
      draft.leaveOut(`the content type of the field ${name}`, "a multipart body", "only files have one");
    return hideValue(name, content, draft);
  }
  const file = draft.attachFile(content.name, content.bytes);
  const shown = content.name.replace(/^.*[\\/]/s, "");
  return {
    file,
    ...(shown === file ? {} : { name: escapeTemplate(shown) }),
    ...(type === null || type === "application/octet-stream" ? {} : { content_type: type }),
  };
}

function isPlainJson(type: string | null): boolean {
  return type === null || /^application\/json(?:\s*;\s*charset=utf-8)?$/i.test(type.trim());
}

function isPlainForm(type: string | null): boolean {
  return type !== null && /^application\/x-www-form-urlencoded(?:\s*;\s*charset=utf-8)?$/i.test(type.trim());
}

/** A literal text of the source as a body. */
export function literalBody(text: string): RequestBody {
  return { kind: "text", text: escapeTemplate(text) };
}
