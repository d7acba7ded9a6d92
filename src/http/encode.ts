/** A name and its value. */
export type Field = readonly [name: string, value: string];

/** `name=value&…`, percent-encoded for the query of a URL; a space becomes `%20`. */
export function encodeQuery(fields: readonly Field[]): string {
  return fields.map(([name, value]) => `${encodeComponent(name)}=${encodeComponent(value)}`).join("&");
}

/** `name=value&…` as `application/x-www-form-urlencoded`; a space becomes `+`. */
export function encodeForm(fields: readonly Field[]): string {
  const search = new URLSearchParams();
  for (const [name, value] of fields) search.append(name, value);
  return search.toString();
}

/** The value of an Authorization header for `user:password`, as UTF-8. */
export function encodeBasic(credentials: string): string {
  return `Basic ${Buffer.from(credentials, "utf8").toString("base64")}`;
}

/** Puts an encoded query behind what the URL has already, before its fragment. */
export function appendQuery(url: string, query: string): string {
  if (query === "") return url;
  const hash = url.indexOf("#");
  const whole = hash === -1 ? url : url.slice(0, hash);
  if (whole.endsWith("?") || whole.endsWith("&")) return whole + query;
  return `${whole}${whole.includes("?") ? "&" : "?"}${query}`;
}

function encodeComponent(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
