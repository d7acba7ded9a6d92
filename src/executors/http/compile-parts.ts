import { compileAuth, compileFields } from "../../http/compile-values.ts";
import { appendQuery, encodeQuery } from "../../http/encode.ts";
import { checkHeader, refuseHeaderName } from "../../http/header-rules.ts";
import { drawTraceparent } from "../../http/traceparent.ts";
import { joinUrl } from "../../http/url.ts";
import type { StepContext } from "../../protocol/step.ts";
import type { CompiledText } from "../../http/compiled-text.ts";
import { combineTexts, compileText, constantText } from "../../http/compiled-text.ts";
import type { HttpConfig } from "../../protocol/http-config.ts";

type Templates = Pick<StepContext, "template" | "constant">;

/** What the engine itself puts into the head of a request. */
export interface OwnHeaders {
  readonly userAgent: string;
  /** Say that the connection ends with the exchange. */
  readonly close: boolean;
  /** What the body is; null: there is none, or only the step knows. */
  readonly contentType: string | null;
  /** How the body is compressed; null: not. */
  readonly contentCoding: string | null;
}

export interface CompiledHeader {
  readonly name: string;
  /** `name: value` and a line end. */
  readonly line: CompiledText;
}

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
  if (own.contentType !== null) values.push(["content-type", constantText(own.contentType)]);
  if (own.contentCoding !== null) values.push(["content-encoding", constantText(own.contentCoding)]);
  if (config.tracing !== null) values.push(["traceparent", { constant: undefined, evaluate: drawTraceparent }]);
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
