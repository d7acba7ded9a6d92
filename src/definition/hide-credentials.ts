import type { JsonObject } from "../protocol/json.ts";
import { asObject } from "../protocol/json-values.ts";

/** The options as the report may show them: a proxy's URL without the password in it. */
export function hideCredentials(options: JsonObject): JsonObject {
  const http = asObject(options["http"]);
  const proxy = http["proxy"];
  if (typeof proxy !== "string" || !proxy.includes("@")) return options;
  return { ...options, http: { ...http, proxy: proxy.replace(/^([a-z]+:\/\/)?.*@/i, "$1***@") } };
}
