import { EngineError } from "../../errors.ts";
import { toText } from "../../expression/text.ts";
import { compileAuth, compileFields } from "../../http/compile-values.ts";
import type { Draft, WireSettings } from "../../http/draft.ts";
import { writeRequest } from "../../http/draft.ts";
import { appendQuery, encodeBasic, encodeQuery } from "../../http/encode.ts";
import { expectStatus } from "../../http/expected-status.ts";
import { createOperation } from "../../http/operation.ts";
import type { PreparedRequest } from "../../http/prepared-request.ts";
import { StepSeries } from "../../http/series.ts";
import type { ThreadHttp } from "../../http/thread-http.ts";
import { joinUrl, parseUrl } from "../../http/url.ts";
import { readUserAgent } from "../../http/user-agent.ts";
import type { Recorder } from "../../measure/recorder.ts";
import type { ExecutorContext, Operation, StepContext, StepResult, VirtualUser } from "../../protocol/step.ts";

/** A request as a script asks for it; made by the sandbox, its values are the script's. */
export interface ScriptRequest {
  readonly m: string;
  readonly u: string;
  /** Encoded. */
  readonly q?: string;
  readonly h?: readonly (readonly [name: string, value: string])[];
  readonly b?: string;
  /** Timeout, ms. */
  readonly t?: number;
  /** What the `url` tag says instead of the URL. */
  readonly n?: string;
  readonly r?: number;
  readonly d?: string;
  /** It says itself how it is authorized, be it not at all. */
  readonly a?: 1;
  /** Expected statuses. */
  readonly x?: unknown;
  readonly g?: Readonly<Record<string, string>>;
}

const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i;
const unsafe = /[\r\n\0]/;
/** Different `url` tags of one step; what comes later shares one. */
const maxUrls = 100;
/** The engine counts the body itself. */
const ownHeaders: ReadonlySet<string> = new Set(["content-length", "transfer-encoding"]);

/**
 * Sends the requests of one step's scripts, with the session of the VU and measured as those of http steps. A request
 * that cannot be made throws EngineError `invalid_request`.
 */
export function createScriptHttp(
  context: ExecutorContext,
  step: StepContext,
  recorder: Recorder,
  http: ThreadHttp,
): (vu: VirtualUser, request: ScriptRequest, deadline: number) => StepResult | Promise<StepResult> {
  const defaults = context.workflow.http;
  const base = defaults.baseUrl === null ? null : step.template(defaults.baseUrl);
  const domains = new Map(Object.entries(defaults.domains).map(([name, url]) => [name, step.template(url)]));
  const headers = defaults.headers.map(([name, value]) => ({ name, value: step.template(value), text: value }));
  const query = compileFields(defaults.query, encodeQuery, step);
  const auth = defaults.auth === null ? null : compileAuth(defaults.auth, step);
  const userAgent = readUserAgent();
  const chooseProxy = http.chooseProxy(defaults.proxy);
  const operations = new Map<string, Operation>();
  const urls = new Set<string>();
  let next: PreparedRequest | null = null;

  return (vu, request, deadline) => {
    const draft = makeDraft(vu, request);
    const expected = readStatuses(request.x) ?? defaults.expectStatus;
    const url = nameUrl(request.n ?? request.u.split(/[?#]/, 1)[0] ?? "");
    const timeoutMs = request.t !== undefined && request.t > 0 ? request.t : defaults.totalTimeoutMs;
    const redirects = request.r ?? (defaults.redirect.follow ? defaults.redirect.maxRedirects : 0);
    const key = JSON.stringify([url, timeoutMs, redirects, expected, request.g]);
    const settings = makeSettings(expected === null ? null : expectStatus(expected));
    let operation = operations.get(key);
    if (operation === undefined) {
      operation = createOperation({
        // Called at once by `operation`, below.
        prepare: () => next as PreparedRequest,
        settings,
        series: new StepSeries(recorder, { ...step.tags, ...withoutOwn(request.g) }, url, expectStatus(expected)),
        openSession: http.openSession,
        clock: context.clock,
        totalTimeoutMs: timeoutMs,
        maxRedirects: Math.min(Math.max(0, Math.trunc(Number(redirects) || 0)), 100),
        digest: null,
        usesCookies: defaults.cookies !== "off",
        maxBody: defaults.maxBody,
      });
      if (operations.size < maxUrls) operations.set(key, operation);
    }
    next = { draft, wire: writeRequest(draft, "", settings) };
    return operation(vu, deadline);
  };

  function makeSettings(expects: WireSettings["expects"]): WireSettings {
    return {
      keepHeaders: true,
      keepBody: true,
      expects,
      lastOnConnection: defaults.connections === "none",
      connectTimeoutMs: defaults.connectTimeoutMs,
      tls: defaults.tls,
      version: defaults.version,
      chooseProxy,
    };
  }

  function makeDraft(vu: VirtualUser, { m, u, q = "", h = [], b, d, a }: ScriptRequest): Draft {
    if (!tokenPattern.test(m)) throw refuse(`\`${m.slice(0, 80)}\` is no method`);
    const start = d === undefined ? base : domains.get(d);
    if (start === undefined) throw refuse(`there is no domain \`${d}\` in options.http.domains`);
    const text = /^https?:\/\//i.test(u) || start === null ? u : joinUrl(toText(start(vu), "base_url"), u);
    const url = parseUrl(appendQuery(appendQuery(text, query.evaluate(vu)), q));
    if (url === null) throw refuse(`\`${u.slice(0, 200)}\` is no http:// or https:// URL; check it and base_url`);
    const given = new Set(h.map(([name]) => name.toLowerCase()));
    const names: string[] = [];
    const lines: string[] = [];
    let cookies = "";
    const add = (name: string, value: string): void => {
      if (!tokenPattern.test(name)) throw refuse(`\`${name.slice(0, 80)}\` is no header name`);
      if (unsafe.test(value)) throw refuse(`the value of header \`${name}\` holds a line break`);
      if (name === "cookie") cookies = cookies === "" ? value : `${cookies}; ${value}`;
      else if (!ownHeaders.has(name)) {
        names.push(name);
        lines.push(`${name}: ${value}\r\n`);
      }
    };
    if (!given.has("user-agent") && !headers.some(({ name }) => name === "user-agent")) add("user-agent", userAgent);
    if (!given.has("accept") && !headers.some(({ name }) => name === "accept")) add("accept", "*/*");
    if (defaults.connections === "none" && !given.has("connection")) add("connection", "close");
    if (defaults.compression && !given.has("accept-encoding")) add("accept-encoding", "gzip, deflate, br, zstd");
    for (const { name, value, text: template } of headers) {
      if (!given.has(name)) add(name, toText(value(vu), template));
    }
    for (const [name, value] of h) add(name.toLowerCase(), value);
    if (auth !== null && a !== 1 && !names.includes("authorization")) add("authorization", auth.evaluate(vu));
    if (url.credentials !== null && !names.includes("authorization"))
      add("authorization", encodeBasic(url.credentials));
    return { method: m, url, names, lines, cookies, body: b ?? null };
  }

  /** Ids in paths would make a series each. */
  function nameUrl(url: string): string {
    if (urls.has(url)) return url;
    if (urls.size >= maxUrls) return "(other URLs; give requests a name)";
    urls.add(url);
    return url;
  }
}

/** A script's tags may rename but not move a step. */
function withoutOwn(tags: ScriptRequest["g"] = {}): Readonly<Record<string, string>> {
  const { step: _step, group: _group, scenario: _scenario, ...rest } = tags;
  return rest;
}

function readStatuses(value: unknown): readonly (readonly [number, number])[] | null {
  if (value === undefined || value === null) return null;
  return (Array.isArray(value) ? value : [value]).map((item: unknown) => {
    const text = String(item).toLowerCase();
    const match = /^([1-5])xx$|^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(text);
    if (match === null) throw refuse(`expect_status takes 200, "2xx" or "300-399", not \`${text.slice(0, 80)}\``);
    if (match[1] !== undefined) return [Number(match[1]) * 100, Number(match[1]) * 100 + 99] as const;
    return [Number(match[2]), Number(match[3] ?? match[2])] as const;
  });
}

function refuse(message: string): EngineError {
  return new EngineError("invalid_request", message);
}
