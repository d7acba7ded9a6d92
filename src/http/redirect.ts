import type { HttpUrl } from "./url.ts";
import { parseUrl, printUrl } from "./url.ts";

/** Is this a status whose Location a client goes to? */
export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/** The method of the next request: 303 makes GET of everything but HEAD, 301 and 302 of POST; 307 and 308 keep it. */
export function redirectMethod(status: number, method: string): string {
  if (status === 303) return method === "HEAD" ? "HEAD" : "GET";
  return (status === 301 || status === 302) && method === "POST" ? "GET" : method;
}

const notAscii = /[\u0080-\u00ff]/;

/**
 * Where a Location leads, seen from the URL that answered with it; null: to no http or https URL. Its characters are
 * the header's bytes; where they are UTF-8, as browsers and servers have it, they are taken as such.
 */
export function resolveLocation(location: string, from: HttpUrl): HttpUrl | null {
  return parseUrl(notAscii.test(location) ? readUtf8(location) : location, printUrl(from));
}

function readUtf8(bytes: string): string {
  const text = Buffer.from(bytes, "latin1").toString("utf8");
  return text.includes("\ufffd") ? bytes : text;
}

/**
 * May credentials meant for `from` go to `to`? Only to the same host and port, or from a scheme's own port to the
 * other's when it becomes secure.
 */
export function keepsCredentials(from: HttpUrl, to: HttpUrl): boolean {
  if (from.origin.host !== to.origin.host) return false;
  if (from.origin.secure === to.origin.secure) return from.origin.port === to.origin.port;
  return to.origin.secure && to.origin.port === 443 && from.origin.port === 80;
}
