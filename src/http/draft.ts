import { type Body, flatten } from "./body.ts";
import type { Proxy, WireRequest } from "./exchange.ts";
import { writeMessage } from "./message.ts";
import type { ChooseProxy } from "./proxy.ts";
import { keepsCredentials, redirectMethod } from "./redirect.ts";
import { type HttpUrl, printUrl } from "./url.ts";
import type { HttpVersion } from "../protocol/workflow.ts";

/** A request with everything filled in but the cookies of the VU. */
export interface Draft {
  readonly method: string;
  readonly url: HttpUrl;
  /** Lower-case names, each with its line at the same place of `lines`. */
  readonly names: readonly string[];
  /** `name: value` and a line end. */
  readonly lines: readonly string[];
  /** Cookies that the step itself gives: `a=1; b=2`; empty: none. */
  readonly cookies: string;
  readonly body: Body | null;
}

/** What all requests of a step have in common on the wire. */
export interface WireSettings
  extends Pick<WireRequest, "keepHeaders" | "keepBody" | "expects" | "lastOnConnection" | "connectTimeoutMs" | "tls"> {
  readonly version: HttpVersion;
  /** null: none for any origin. */
  readonly chooseProxy: ChooseProxy | null;
}

const safeToRepeat: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);
const wantsLength: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);
const bodyHeaders: ReadonlySet<string> = new Set(["content-type", "content-encoding", "content-language"]);
const credentialHeaders: ReadonlySet<string> = new Set(["authorization", "proxy-authorization", "host"]);

/** Lays a request out in the bytes that go on the wire. `jarCookies`: what the VU's jar has for this URL. */
export function writeRequest(draft: Draft, jarCookies: string, settings: WireSettings): WireRequest {
  const { method, url, lines, body } = draft;
  const proxy = settings.chooseProxy === null ? null : settings.chooseProxy(url.origin);
  let head = startHead(method, url, proxy);
  if (!draft.names.includes("host")) head += `host: ${url.authority}\r\n`;
  for (const line of lines) head += line;
  const cookies = mergeCookies(jarCookies, draft.cookies);
  if (cookies !== "") head += `cookie: ${cookies}\r\n`;
  if (body !== null) head += `content-length: ${countBytes(body)}\r\n`;
  else if (wantsLength.has(method)) head += "content-length: 0\r\n";
  const pieces = typeof body === "object" && body !== null ? flatten(body) : null;
  const whole = Buffer.isBuffer(pieces) ? pieces : null;
  return {
    origin: url.origin,
    bytes: layOut(head, typeof body === "string" ? body : "", whole),
    rest: pieces === null || Buffer.isBuffer(pieces) ? null : pieces,
    head: method === "HEAD",
    retriable: safeToRepeat.has(method),
    keepHeaders: settings.keepHeaders,
    keepBody: settings.keepBody,
    expects: settings.expects,
    lastOnConnection: settings.lastOnConnection,
    connectTimeoutMs: settings.connectTimeoutMs,
    tls: settings.tls,
    proxy,
    message: settings.version === "1.1" ? null : writeMessage(draft, cookies, settings.version === "2"),
  };
}

function countBytes(body: Body): number {
  return typeof body === "string" ? Buffer.byteLength(body, "utf8") : body.length;
}

function layOut(head: string, text: string, bytes: Buffer | null): Buffer {
  const start = Buffer.from(`${head}\r\n${text}`, "utf8");
  return bytes === null ? start : Buffer.concat([start, bytes]);
}

/** A proxy is given a plain request with the whole URL; through a tunnel goes what goes to the origin. */
function startHead(method: string, url: HttpUrl, proxy: Proxy | null): string {
  if (proxy === null || url.origin.secure) return `${method} ${url.target} HTTP/1.1\r\n`;
  const start = `${method} ${printUrl(url)} HTTP/1.1\r\n`;
  return proxy.authorization === null ? start : `${start}proxy-authorization: ${proxy.authorization}\r\n`;
}

/**
 * The request that follows a redirect: the method by RFC 9110, without the body where that becomes another,
 * without credentials and the step's own cookies and Host on another host.
 */
export function redirectDraft(draft: Draft, status: number, url: HttpUrl): Draft {
  const method = redirectMethod(status, draft.method);
  const dropsBody = method !== draft.method;
  const isTrusted = keepsCredentials(draft.url, url);
  const names: string[] = [];
  const lines: string[] = [];
  draft.names.forEach((name, place) => {
    if (dropsBody && bodyHeaders.has(name)) return;
    if (!isTrusted && credentialHeaders.has(name)) return;
    names.push(name);
    lines.push(draft.lines[place] ?? "");
  });
  return { method, url, names, lines, cookies: isTrusted ? draft.cookies : "", body: dropsBody ? null : draft.body };
}

/** The step's own cookies win over the jar's of the same name. */
function mergeCookies(jar: string, own: string): string {
  if (jar === "") return own;
  if (own === "") return jar;
  const ownNames = new Set(own.split("; ").map(readCookieName));
  const kept = jar.split("; ").filter((cookie) => !ownNames.has(readCookieName(cookie)));
  return [...kept, own].join("; ");
}

function readCookieName(cookie: string): string {
  const end = cookie.indexOf("=");
  return end === -1 ? cookie : cookie.slice(0, end);
}
