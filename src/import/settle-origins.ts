import type { Json, JsonObject } from "../protocol/json.ts";

const literalOrigin = /^https?:\/\/[^/?#${]+/i;

/**
 * The workflow with the origins of its steps' URLs (`https://shop.test`) in variables: the most frequent one is
 * `base_url`, and URLs below it are relative; the others are `base_url_2` … in order of their first use.
 */
export function settleOrigins(fields: JsonObject, variables: ReadonlyMap<string, Json>): JsonObject {
  const counts = new Map<string, number>();
  visitUrls(fields, (url) => {
    const origin = originOf(url);
    if (origin !== null) counts.set(origin, (counts.get(origin) ?? 0) + 1);
    return url;
  });
  const origins = [...counts].sort(([, left], [, right]) => right - left).map(([origin]) => origin);
  const taken = new Set(variables.keys());
  const names = origins.map((_origin, at) => {
    let name = at === 0 ? "base_url" : `base_url_${at + 1}`;
    while (taken.has(name)) name = `${name}_`;
    taken.add(name);
    return name;
  });
  const moved = visitUrls(fields, (url) => {
    const origin = originOf(url);
    if (origin === null) return url;
    const at = origins.indexOf(origin);
    const rest = withSlash(url.slice(literalOrigin.exec(url)?.[0].length ?? 0));
    return at === 0 ? rest : `\${${names[at] ?? ""}}${rest}`;
  }) as JsonObject;
  const { name, description, options, ...others } = moved;
  const values = {
    ...Object.fromEntries(origins.map((origin, at) => [names[at] ?? "", origin])),
    ...Object.fromEntries(variables),
  };
  const settled = (options ?? {}) as JsonObject;
  const http = (settled["http"] ?? {}) as JsonObject;
  const base: JsonObject =
    origins.length > 0 && !Object.hasOwn(http, "base_url") ? { base_url: `\${${names[0] ?? ""}}` } : {};
  const allHttp = { ...base, ...http };
  const allOptions: JsonObject = { ...settled, ...(Object.keys(allHttp).length > 0 ? { http: allHttp } : {}) };
  return {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(Object.keys(values).length > 0 ? { variables: values } : {}),
    ...(Object.keys(allOptions).length > 0 ? { options: allOptions } : {}),
    ...others,
  };
}

function originOf(url: string): string | null {
  const written = literalOrigin.exec(url)?.[0] ?? null;
  // `http://host${path}`: where the host ends is not known.
  if (written === null || url.charAt(written.length) === "$") return null;
  return URL.canParse(written) ? new URL(written).origin : null;
}

function withSlash(rest: string): string {
  return rest.startsWith("/") ? rest : `/${rest}`;
}

/** A copy with the `url` of every http step changed. */
function visitUrls(value: Json, change: (url: string) => string): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => visitUrls(item, change));
  if (typeof value !== "object" || value === null) return value;
  const object = value as JsonObject;
  const config = object["config"];
  if (object["type"] === "http" && typeof config === "object" && config !== null && !Array.isArray(config)) {
    const { url } = config as JsonObject;
    return { ...object, config: { ...(config as JsonObject), url: change(typeof url === "string" ? url : "") } };
  }
  return Object.fromEntries(Object.entries(object).map(([key, item]) => [key, visitUrls(item, change)]));
}
