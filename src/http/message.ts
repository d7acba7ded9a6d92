import { type Body, flatten } from "./body.ts";
import type { Message } from "./exchange.ts";
import type { HttpUrl } from "./url.ts";

/** They are about a connection of HTTP/1.1, or have another form in HTTP/2 (RFC 9113, section 8.2.2). */
const dropped: ReadonlySet<string> = new Set([
  "connection",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/** A request with everything filled in but cookies, as in a draft. */
interface Parts {
  readonly method: string;
  readonly url: HttpUrl;
  readonly names: readonly string[];
  readonly lines: readonly string[];
  readonly body: Body | null;
}

/** Lays a request out for HTTP/2. `cookies`: all of them; `required`: nothing but HTTP/2 will do. */
export function writeMessage(parts: Parts, cookies: string, required: boolean): Message {
  const { method, url, names, lines } = parts;
  const headers: string[] = [];
  let authority = url.authority;
  names.forEach((name, place) => {
    const value = (lines[place] ?? "").slice(name.length + 2, -2);
    if (name === "host") authority = value;
    if (!dropped.has(name)) headers.push(name, value);
  });
  if (cookies !== "") headers.push("cookie", cookies);
  const body = parts.body === null ? null : flatten(parts.body);
  if (body !== null) headers.push("content-length", String(body.length));
  const scheme = url.origin.secure ? "https" : "http";
  const pseudo = [":method", method, ":scheme", scheme, ":authority", authority, ":path", url.target];
  return { required, headers: [...pseudo, ...headers], body: body?.length === 0 ? null : body };
}
