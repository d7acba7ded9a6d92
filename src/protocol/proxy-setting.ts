import type { Json } from "./json.ts";
import { asText } from "./json-values.ts";
import { describe, nothing, text, union } from "./shape.ts";
import type { SpecContext } from "./step-spec.ts";

/** `proxy` of a step that sends HTTP, and of `options.http`. */
export const proxyShape = describe(
  union(text, nothing),
  "An HTTP proxy, `http://USER:PASSWORD@HOST:PORT` (or https), or `env`: HTTP_PROXY, HTTPS_PROXY, NO_PROXY; null: none. May be a template of `env`, `secret` and `variables`. Default: that of `options.http`, else none.",
);

/**
 * A checked `proxy`; null: none. What holds no template is checked here; the rest before the start. The URL may hold a
 * password: it is not shown.
 */
export function readProxy(
  value: Json | undefined,
  otherwise: string | null,
  { report }: Pick<SpecContext, "report">,
): string | null {
  if (value === undefined) return otherwise;
  const given = asText(value);
  if (given === null || given === "env" || given.includes("${")) return given;
  const scheme = /^([a-z][a-z\d+.-]*):\/\//i.exec(given)?.[1]?.toLowerCase() ?? "http";
  if (scheme !== "http" && scheme !== "https")
    report(["proxy"], `a proxy of scheme \`${scheme}\` is not in this version; use http:// or https://`);
  else if (!isProxy(given))
    report(["proxy"], "this is no URL of a proxy; write http://HOST:PORT, http://USER:PASSWORD@HOST:PORT or env");
  return given;
}

function isProxy(given: string): boolean {
  const url = URL.parse(given.includes("://") ? given : `http://${given}`);
  return url !== null && url.hostname !== "" && url.pathname === "/" && url.search === "";
}
