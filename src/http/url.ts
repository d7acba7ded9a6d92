import type { Origin } from "./exchange.ts";

/** An `http:` or `https:` URL, taken apart for the request line. */
export interface HttpUrl {
  readonly origin: Origin;
  /** What the Host header says: host, and port unless it is the scheme's. */
  readonly authority: string;
  /** Path and query, percent-encoded; begins with `/`. */
  readonly target: string;
  /** `user:password` of the URL, decoded; null: none. */
  readonly credentials: string | null;
}

const plainTarget = /^\/[\w\-.~!$&()*+,;=:@%/?]*$/;
const dotSegment = /\/\.|%2e/i;
const absoluteUrl = /^[a-z][a-z0-9+.-]*:\/\//i;

/** Takes a URL apart by the WHATWG rules; null: it is none, or neither http nor https. A fragment is dropped. */
export function parseUrl(text: string, base?: string): HttpUrl | null {
  const url = URL.parse(text, base);
  if (url === null || url.hostname === "") return null;
  if (url.protocol !== "http:" && url.protocol !== "https:") return null;
  const secure = url.protocol === "https:";
  const host = url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  return {
    origin: { secure, host, port, key: `${url.protocol}//${url.hostname}:${port}` },
    authority: url.host,
    target: url.pathname + url.search,
    credentials: url.username === "" && url.password === "" ? null : readCredentials(url),
  };
}

/** The whole URL again, without credentials. */
export function printUrl(url: HttpUrl): string {
  return `${url.origin.secure ? "https" : "http"}://${url.authority}${url.target}`;
}

/** Puts a base URL before a text that is not an absolute URL itself, with exactly one `/` between. */
export function joinUrl(base: string, text: string): string {
  if (absoluteUrl.test(text)) return text;
  const start = base.endsWith("/") ? base.slice(0, -1) : base;
  return text === "" || text.startsWith("/") || text.startsWith("?") ? start + text : `${start}/${text}`;
}

/**
 * A `parseUrl` that remembers the latest origin: where only path and query differ from call to call and need no
 * encoding, they are taken as they are.
 */
export function createUrlReader(): (text: string) => HttpUrl | null {
  let latestText = "";
  let latest: HttpUrl | null = null;
  let prefix = "";
  return (text) => {
    if (latest !== null) {
      if (text === latestText) return latest;
      if (text.startsWith(prefix)) {
        const target = text.slice(prefix.length);
        // An empty query is dropped, as `parseUrl` does.
        if (plainTarget.test(target) && !dotSegment.test(target) && !target.endsWith("?")) {
          return { origin: latest.origin, authority: latest.authority, target, credentials: latest.credentials };
        }
      }
    }
    const url = parseUrl(text);
    if (url === null) return null;
    latest = url;
    latestText = text;
    prefix = text.slice(0, endOfAuthority(text));
    return url;
  };
}

function endOfAuthority(text: string): number {
  const start = text.indexOf("//") + 2;
  const length = text.slice(start).search(/[/?#\\]/);
  return length === -1 ? text.length : start + length;
}

function readCredentials(url: URL): string {
  return `${decodePart(url.username)}:${decodePart(url.password)}`;
}

function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A `%` that begins no escape stands for itself.
    return text;
  }
}
