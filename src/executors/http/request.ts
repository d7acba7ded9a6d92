import { EngineError } from "../../errors.ts";
import type { Body } from "../../http/body.ts";
import { encodeBasic } from "../../http/encode.ts";
import type { Draft, WireSettings } from "../../http/draft.ts";
import { writeRequest } from "../../http/draft.ts";
import type { PreparedRequest, PrepareRequest } from "../../http/prepared-request.ts";
import { createUrlReader } from "../../http/url.ts";
import type { StepContext, VirtualUser } from "../../protocol/step.ts";
import type { BodyFiles } from "./body-files.ts";
import { compileBody } from "./compile-body.ts";
import { compileCookies, compileHeaders, compileUrl } from "./compile-parts.ts";
import type { HttpConfig } from "../../protocol/http-config.ts";

export interface RequestOptions {
  /** Base URL of a relative url, a template; null: none. */
  readonly base: string | null;
  readonly userAgent: string;
  readonly settings: WireSettings;
  readonly files: BodyFiles;
}

/**
 * Compiles the request of a step. What has not changed since the request before is not made again; a request without
 * templates is one object for ever. Throws EngineError `invalid_workflow` for what no request can carry.
 */
export function compileRequest(
  config: HttpConfig,
  templates: Pick<StepContext, "template" | "templateJson" | "constant">,
  options: RequestOptions,
): PrepareRequest {
  const { method } = config;
  const { settings } = options;
  const url = compileUrl(config, options.base, templates);
  const body = compileBody(config, templates, options.files);
  const { userAgent } = options;
  const own = {
    userAgent,
    close: settings.lastOnConnection,
    contentType: body?.contentType ?? null,
    contentCoding: body?.coding ?? null,
  };
  const headers = compileHeaders(config, own, templates);
  const names = headers.map(({ name }) => name);
  const lines = headers.map(({ line }) => line);
  const cookies = compileCookies(config, templates);
  const readUrl = createUrlReader();

  let latest: PreparedRequest | null = null;
  let latestUrl = "";

  function prepare(vu: VirtualUser): PreparedRequest {
    const urlText = url.evaluate(vu);
    const lineTexts: string[] = [];
    for (const line of lines) lineTexts.push(line.evaluate(vu));
    const cookieText = cookies === null ? "" : cookies.evaluate(vu);
    const content = body === null ? null : body.evaluate(vu);
    if (latest !== null && urlText === latestUrl && isSame(latest.draft, lineTexts, cookieText, content)) return latest;
    const parsed = readUrl(urlText);
    if (parsed === null) throw badUrl(urlText);
    const draft = authorize({ method, url: parsed, names, lines: lineTexts, cookies: cookieText, body: content });
    latest = { draft, wire: writeRequest(draft, "", settings) };
    latestUrl = urlText;
    return latest;
  }

  const isStatic =
    [url, ...lines, cookies].every((text) => text === null || text.constant !== undefined) &&
    (body === null || body.isConstant);
  return isStatic ? (vu) => latest ?? prepare(vu) : prepare;
}

function isSame(draft: Draft, lines: readonly string[], cookies: string, body: Body | null): boolean {
  if (draft.cookies !== cookies || draft.body !== body) return false;
  for (let i = 0; i < lines.length; i++) if (draft.lines[i] !== lines[i]) return false;
  return true;
}

/** `user:password@` of a URL becomes basic auth unless the step has auth of its own. */
function authorize(draft: Draft): Draft {
  const { credentials } = draft.url;
  if (credentials === null || draft.names.includes("authorization")) return draft;
  return {
    ...draft,
    names: [...draft.names, "authorization"],
    lines: [...draft.lines, `authorization: ${encodeBasic(credentials)}\r\n`],
  };
}

function badUrl(text: string): EngineError {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return new EngineError("invalid_request", `\`${shown}\` is no http:// or https:// URL; check url and base_url`);
}
