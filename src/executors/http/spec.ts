import { parseDuration } from "../../quantity.ts";
import type { Json, JsonObject } from "../../protocol/json.ts";
import { asMs, asObject, asSize, asText, asTexts } from "../../protocol/json-values.ts";
import { listTemplates, type SpecContext, type StepSpec } from "../../protocol/step-spec.ts";
import type { HttpAuth, HttpDefaults, HttpVersion, RequestCoding } from "../../protocol/workflow.ts";
import { parseAddressSpan, spanForm } from "../../address.ts";
import { readProxy } from "../../protocol/proxy-setting.ts";
import { checkHeaderNames } from "../../protocol/header-names.ts";
import { checkTargetUrl } from "../../protocol/target-url.ts";
import { defaultTls, readTls } from "../../protocol/tls.ts";
import type { HttpConfig } from "../../protocol/http-config.ts";
import { readBody } from "./read-body.ts";
import { readHosts } from "./read-hosts.ts";
import { readResources } from "./read-resources.ts";
import { type Pair, readPairs } from "./read-pairs.ts";
import { httpConfigShape, httpOptionsShape } from "./http-shape.ts";

/** Sends an HTTP request. */
export const httpSpec: StepSpec = {
  kind: "executor",
  capability: "http_executor",
  config: httpConfigShape,
  short: "url",
  children: [],
  metrics: ["http_reqs", "http_req_failed", "http_req_duration", "page_duration", "data_sent", "data_received"],
  resolve: (config, context) => resolveConfig(config, context) as unknown as JsonObject,
  listTexts: (config) => {
    const { body, tls: _tls, ...rest } = config;
    return listTemplates(typeof body === "string" ? { ...rest, body } : rest);
  },
};

/** What http steps add to the workflow's options: `options.http`, also top-level `http`. */
export const httpOptions = { shape: httpOptionsShape, resolve: resolveHttpOptions } as const;

/** The defaults of all http steps from a checked `options.http`. */
function resolveHttpOptions(
  options: JsonObject,
  context: Omit<SpecContext, "http" | "libs" | "loops" | "findCallee">,
): HttpDefaults {
  const dns = asObject(options["dns"]);
  const timeout = readTimeout(options["timeout"]);
  checkHeaderNames(options["headers"], context);
  return {
    baseUrl: asText(options["base_url"]),
    domains: asTexts(options["domains"]),
    headers: readHeaders(options["headers"]),
    query: readQuery(options),
    auth: readAuth(options["auth"], context),
    expectStatus: readRanges(options["expect_status"]),
    maxHeader: asSize(options["max_header"]) ?? 64_000,
    maxBody: asSize(options["max_body"]) ?? 16_000_000,
    cookies: (asText(options["cookies"]) ?? "vu") as HttpDefaults["cookies"],
    connections: (asText(options["connections"]) ?? "vu") as HttpDefaults["connections"],
    dnsTtlMs: asMs(dns["ttl"]) ?? 300_000,
    hosts: readHosts(options["hosts"], context),
    connectTimeoutMs: timeout.connect ?? 10_000,
    totalTimeoutMs: timeout.total ?? 60_000,
    redirect: readRedirect(options["redirect"], { follow: true, maxRedirects: 10 }),
    sources: readSources(options["ip"], context),
    tls: readTls(options["tls"], defaultTls, context),
    version: readVersion(options["http_version"], "1.1"),
    proxy: readProxy(options["proxy"], null, context),
    ...readCompression(options["compression"], { compression: false, requestCoding: null }),
    tracing: options["tracing"] === "w3c" ? "w3c" : null,
    resources: readResources(options["resources"], null, context),
  };
}

function resolveConfig(config: JsonObject, context: SpecContext): HttpConfig {
  const { http } = context;
  const timeout = readTimeout(config["timeout"]);
  const headers = readHeaders(config["headers"]);
  checkHeaderNames(config["headers"], context);
  const own = new Set(headers.map(([name]) => name));
  const domain = asText(config["domain"]);
  const body = readBody(config, context);
  // Only the engine knows the boundary.
  const isWritten = (name: string): boolean => body?.kind === "multipart" && name === "content-type";
  if ([...own].some(isWritten)) {
    context.report(["headers"], "a `multipart` body names its content-type itself; remove that header");
  }
  const isGraphql = body?.kind === "graphql";
  if (isGraphql && (asText(config["method"]) ?? "POST").toUpperCase() !== "POST") {
    context.report(["method"], "`graphql` is sent by POST; leave `method` out");
  }
  checkTargetUrl(config, ["http", "https"], context);
  return {
    method: (asText(config["method"]) ?? (isGraphql ? "POST" : "GET")).toUpperCase(),
    url: asText(config["url"]) ?? "",
    domain,
    query: [...http.query, ...readQuery(config)],
    headers: [...http.headers.filter(([name]) => !own.has(name) && !isWritten(name)), ...headers],
    body,
    auth: Object.hasOwn(config, "auth") ? readAuth(config["auth"], context) : http.auth,
    digest: readDigest(config["auth"], context),
    cookies: asTexts(config["cookies"]),
    redirect: readRedirect(config["redirect"], http.redirect),
    tls: readTls(config["tls"], http.tls, context),
    version: readVersion(config["http_version"], http.version),
    proxy: readProxy(config["proxy"], http.proxy, context),
    connectTimeoutMs: timeout.connect ?? http.connectTimeoutMs,
    totalTimeoutMs: timeout.total ?? http.totalTimeoutMs,
    ...readCompression(config["compression"], http),
    tracing: Object.hasOwn(config, "tracing") ? (config["tracing"] === "w3c" ? "w3c" : null) : http.tracing,
    resources: readResources(config["resources"], http.resources, context),
    expectStatus: config["expect_status"] === undefined ? http.expectStatus : readRanges(config["expect_status"]),
  };
}

function readAuth(value: Json | undefined, { report }: Pick<SpecContext, "report">): HttpAuth | null {
  const { basic, bearer } = asObject(value);
  if (basic !== undefined && bearer !== undefined) report(["auth"], "give `basic` or `bearer`, not both");
  if (bearer !== undefined) return { bearer: asText(bearer) ?? "" };
  if (basic === undefined) return null;
  const { username, password } = asObject(basic);
  return { basic: { username: asText(username) ?? "", password: asText(password) ?? "" } };
}

function readDigest(value: Json | undefined, { report }: Pick<SpecContext, "report">): HttpConfig["digest"] {
  const { digest, ...others } = asObject(value);
  if (digest === undefined) return null;
  if (Object.keys(others).length > 0) report(["auth"], "give `digest` alone, without `basic` and `bearer`");
  const { username, password } = asObject(digest);
  return { username: asText(username) ?? "", password: asText(password) ?? "" };
}

function readQuery(config: JsonObject): readonly Pair[] {
  const query = config["query"] ?? config["params"];
  // A text is taken apart here, so that templates inside it are encoded like any other value.
  if (typeof query === "string") {
    return query
      .split("&")
      .filter((part) => part !== "")
      .map((part): Pair => {
        const at = part.indexOf("=");
        return at < 0 ? [part, ""] : [part.slice(0, at), part.slice(at + 1)];
      });
  }
  return readPairs(query);
}

function readHeaders(value: Json | undefined): readonly Pair[] {
  return readPairs(value).map(([name, text]): Pair => [name.toLowerCase(), text]);
}

function readRanges(value: Json | undefined): readonly (readonly [number, number])[] | null {
  if (value === undefined) return null;
  const items: readonly Json[] = Array.isArray(value) ? value : [value];
  return items.map((item) => {
    const range = String(item).toLowerCase();
    if (range.endsWith("xx")) return [Number(range[0]) * 100, Number(range[0]) * 100 + 99] as const;
    const [low, high = low] = range.split("-").map(Number);
    return [low ?? 0, high ?? 0] as const;
  });
}

function readRedirect(value: Json | undefined, otherwise: HttpConfig["redirect"]): HttpConfig["redirect"] {
  if (typeof value === "boolean") return { ...otherwise, follow: value };
  const { follow, max_redirects: max } = asObject(value);
  return {
    follow: typeof follow === "boolean" ? follow : otherwise.follow,
    maxRedirects: typeof max === "number" ? max : otherwise.maxRedirects,
  };
}

function readVersion(value: Json | undefined, otherwise: HttpVersion): HttpVersion {
  return value === undefined ? otherwise : (String(value) as HttpVersion);
}

function readSources(value: Json | undefined, { report }: Pick<SpecContext, "report">): readonly string[] {
  const given: readonly Json[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return given.map((item, place) => {
    const source = asText(item) ?? "";
    if (parseAddressSpan(source) === null)
      report(["ip", ...(Array.isArray(value) ? [place] : [])], `\`${source.slice(0, 100)}\` is ${spanForm}`);
    return source;
  });
}

function readTimeout(value: Json | undefined): { readonly connect: number | null; readonly total: number | null } {
  if (typeof value === "string" || typeof value === "number") return { connect: null, total: parseDuration(value) };
  const { connect, total } = asObject(value);
  return { connect: asMs(connect), total: asMs(total) };
}

type Compression = Pick<HttpDefaults, "compression" | "requestCoding">;

function readCompression(value: Json | undefined, otherwise: Compression): Compression {
  const { compression, requestCoding } = otherwise;
  if (typeof value === "boolean") return { compression: value, requestCoding };
  const { answers, request } = asObject(value);
  return {
    compression: typeof answers === "boolean" ? answers : compression,
    requestCoding: (asText(request) as RequestCoding | null) ?? requestCoding,
  };
}
