import { toJsonText } from "../../expression/text.ts";
import { compileAuth, compileFields } from "../../http/compile-values.ts";
import { appendQuery, encodeForm, encodeQuery } from "../../http/encode.ts";
import { checkHeader, refuseHeaderName } from "../../http/header-rules.ts";
import { joinUrl } from "../../http/url.ts";
import type { Json, JsonObject } from "../../protocol/json.ts";
import type { StepContext } from "../../protocol/step.ts";
import type { CompiledText } from "../../http/compiled-text.ts";
import { combineTexts, compileText, constantText } from "../../http/compiled-text.ts";
import type { HttpBody, HttpConfig } from "./http-config.ts";

type Templates = Pick<StepContext, "template" | "templateJson" | "constant">;

/** What the engine itself puts into the head of a request. */
export interface OwnHeaders {
  readonly userAgent: string;
  /** Say that the connection ends with the exchange. */
  readonly close: boolean;
}

export interface CompiledHeader {
  readonly name: string;
  /** `name: value` and a line end. */
  readonly line: CompiledText;
}

const contentTypes: Readonly<Record<HttpBody["kind"], string | null>> = {
  text: null,
  json: "application/json",
  form: "application/x-www-form-urlencoded",
};
const acceptedCodings = "gzip, deflate, br, zstd";
/** Cookies are joined with the jar's; the engine counts the body itself: a wrong count would break the connection. */
const written: ReadonlySet<string> = new Set(["content-length", "cookie"]);

/** The URL with base and query; `base`: the base URL of a relative one, null: none. */
export function compileUrl(config: HttpConfig, base: string | null, templates: Templates): CompiledText {
  const query = compileFields(config.query, encodeQuery, templates);
  const texts = [compileText(config.url, templates), compileText(base ?? "", templates), query];
  return combineTexts(texts, ([url = "", start = "", more = ""]) =>
    appendQuery(start === "" ? url : joinUrl(start, url), more),
  );
}

/**
 * The header lines but host, cookie and content-length. A header of the step stands instead of the engine's own.
 * Throws EngineError `invalid_workflow` for names that no request can carry.
 */
export function compileHeaders(config: HttpConfig, own: OwnHeaders, templates: Templates): CompiledHeader[] {
  const given = new Set(config.headers.map(([name]) => name));
  const values: [name: string, value: CompiledText][] = [
    ["user-agent", constantText(own.userAgent)],
    ["accept", constantText("*/*")],
  ];
  if (config.compression) values.push(["accept-encoding", constantText(acceptedCodings)]);
  if (own.close) values.push(["connection", constantText("close")]);
  if (config.auth !== null) values.push(["authorization", compileAuth(config.auth, templates)]);
  const contentType = config.body === null ? null : contentTypes[config.body.kind];
  if (contentType !== null) values.push(["content-type", constantText(contentType)]);
  const headers = values.filter(([name]) => !given.has(name));
  for (const [name, value] of config.headers) {
    refuseHeaderName(name);
    if (!written.has(name)) headers.push([name, compileText(value, templates)]);
  }
  return headers.map(([name, value]) => ({
    name,
    line: combineTexts([value], ([text = ""]) => `${name}: ${checkHeader(name, text)}\r\n`),
  }));
}

/** The Cookie header of the step: its `cookie` header and its `cookies`; null: it has neither. */
export function compileCookies(config: HttpConfig, templates: Templates): CompiledText | null {
  const headers = config.headers
    .filter(([name]) => name === "cookie")
    .map(([, value]) => compileText(value, templates));
  const pairs = Object.entries(config.cookies).map(([name, value]) =>
    combineTexts([compileText(value, templates)], ([text = ""]) => `${name}=${text}`),
  );
  if (headers.length + pairs.length === 0) return null;
  return combineTexts([...headers, ...pairs], (texts) => checkHeader("cookie", texts.join("; ")));
}

/** The body as text; null: none. */
export function compileBody(body: HttpBody | null, templates: Templates): CompiledText | null {
  if (body === null) return null;
  if (body.kind === "text") return compileText(body.text, templates);
  if (body.kind === "form") return compileFields(body.fields, encodeForm, templates);
  const constant = resolveJson(body.value, templates);
  if (constant !== undefined) return constantText(toJsonText(constant));
  const evaluate = templates.templateJson(body.value);
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
