import type { Draft } from "../draft.ts";
import { decodeText, readText } from "../decode-text.ts";
import type { ImportOptions } from "../importer.ts";
import { type BodyFile, type BodyPart, literalBody, type RequestBody } from "../request-body.ts";
import { escapeTemplate } from "../template-text.ts";
import type { CurlWord } from "./curl-options.ts";

/** The body of a command, the content type curl would give it, and what goes into the URL instead (`-G`, `--url-query`). */
interface CurlBody {
  readonly body: RequestBody | null;
  readonly type: string | null;
  readonly query: string;
}

type Read = (name: string) => string | null;

export function readCurlBody(
  words: readonly CurlWord[],
  where: string,
  options: ImportOptions,
  draft: Draft,
): CurlBody {
  const read: Read = (name) => {
    const text = readText(options, name);
    if (text === null) draft.leaveOut(`the file ${name}`, where, "it is not beside the source, or no UTF-8 text");
    return text;
  };
  const lone = readBinary(words, options);
  if (lone !== null)
    return { body: { kind: "file", file: lone }, type: "application/x-www-form-urlencoded", query: "" };
  const parts: BodyPart[] = [];
  const pieces: string[] = [];
  const queries: string[] = [];
  let isJson = false;
  for (const { name, value } of words) {
    if (name === "form" || name === "form-string")
      parts.push(...readFormPart(value, name === "form", { read, options, where, draft }));
    else if (name === "url-query") queries.push(encodeField(value, read));
    else if (name === "data-urlencode") pieces.push(encodeField(value, read));
    else if (name === "data" || name === "data-ascii") pieces.push(readData(value, read, true));
    else if (name === "data-binary" || name === "json") pieces.push(readData(value, read, false));
    else if (name === "data-raw") pieces.push(value);
    if (name === "json") isJson = true;
  }
  const getsData = words.some(({ name }) => name === "get");
  const data = pieces.join(isJson ? "" : "&");
  const query = [...queries, ...(getsData && pieces.length > 0 ? [data] : [])].join("&");
  if (parts.length > 0) return { body: { kind: "multipart", parts }, type: null, query };
  if (pieces.length === 0 || getsData) return { body: null, type: null, query };
  return { body: literalBody(data), type: isJson ? "application/json" : "application/x-www-form-urlencoded", query };
}

/** `-d @file` is read without its line ends. */
function readData(value: string, read: Read, strip: boolean): string {
  if (!value.startsWith("@")) return value;
  const text = read(value.slice(1)) ?? "";
  return strip ? text.replaceAll(/[\r\n\0]/g, "") : text;
}

/** `content`, `=content`, `name=content`, `@file`, `name@file`. */
function encodeField(value: string, read: Read): string {
  const found = /^([^=@]*)([=@])([^]*)$/.exec(value);
  if (found === null) return encode(value);
  const [, name = "", sign, rest = ""] = found;
  const content = encode(sign === "@" ? (read(rest) ?? "") : rest);
  return name === "" ? content : `${name}=${content}`;
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll(
    /[!'()*]/g,
    (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

const dataFlag = /^(?:form|data|json|url-query|get$)/;

/** The file of `--data-binary @file`, where that is all data of the command and no text. */
function readBinary(words: readonly CurlWord[], { readBytes }: ImportOptions): BodyFile | null {
  const [data, ...more] = words.filter(({ name }) => name !== null && dataFlag.test(name));
  if (data?.name !== "data-binary" || more.length > 0 || !data.value.startsWith("@")) return null;
  const name = data.value.slice(1);
  const bytes = readBytes(name);
  return bytes === null || decodeText(bytes) !== null ? null : { name, bytes };
}

interface FormSource {
  readonly read: Read;
  readonly options: ImportOptions;
  readonly where: string;
  readonly draft: Draft;
}

/** `name=text`, `name=@file;type=text/csv;filename=x.csv`, `name=<file`. */
function readFormPart(value: string, special: boolean, { read, options, where, draft }: FormSource): BodyPart[] {
  const cut = value.indexOf("=");
  const name = escapeTemplate(value.slice(0, Math.max(cut, 0)));
  const rest = value.slice(cut + 1);
  if (!special) return [{ name, content: escapeTemplate(rest), type: null }];
  const [content = "", ...attributes] = rest.split(/;(?=type=|filename=)/);
  const attribute = (key: string): string | null =>
    attributes
      .find((each) => each.startsWith(`${key}=`))
      ?.slice(key.length + 1)
      .replaceAll(/^"|"$/g, "") ?? null;
  const type = attribute("type");
  const given = attribute("filename");
  const source = content.slice(1).replaceAll(/^"|"$/g, "");
  if (content.startsWith("@")) {
    const bytes = options.readBytes(source);
    if (bytes !== null) return [{ name, content: { name: given ?? source, bytes }, type }];
    draft.leaveOut(`the file ${source} of the field ${name}`, where, "it is not beside the source");
    return [];
  }
  const text = content.startsWith("<") ? (read(source) ?? "") : content.replaceAll(/^"|"$/g, "");
  return [{ name, content: given === null ? escapeTemplate(text) : { name: given, bytes: text }, type }];
}
