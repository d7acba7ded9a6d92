import type { Json, JsonObject } from "../protocol/json.ts";
import { asObject } from "../protocol/json-values.ts";

const hidden = "***";
/** Names of headers and parameters whose values let somebody in. */
const secretName =
  /auth(?!ors?$)|cookie|token|secret|passw|pwd|credential|session|signature|api[-_]?key|access[-_]?key|^key$/i;

/**
 * The options as reports and answers may show them: in `http` all of `auth`, passwords in URLs, a private key and its passphrase, and each value of a header or parameter
 * that lets somebody in is `***`, templates too, for they may hold it in part.
 */
export function hideCredentials(options: JsonObject): JsonObject {
  if (!Object.hasOwn(options, "http")) return options;
  const http = Object.entries(asObject(options["http"])).map(([name, value]) => [name, hideField(name, value)]);
  return { ...options, http: Object.fromEntries(http) as JsonObject };
}

function hideField(name: string, value: Json): Json {
  if (name === "auth") return hideAll(value);
  if (name === "tls") return hideKey(asObject(value));
  if (name === "proxy" && typeof value === "string") return value.replace(/^([a-z]+:\/\/)?.*@/i, `$1${hidden}@`);
  return hidePairs(value);
}

/** Every text and number below, whatever its name. */
function hideAll(value: Json): Json {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value !== "object") return hidden;
  if (Array.isArray(value)) return (value as readonly Json[]).map(hideAll);
  return mapFields(asObject(value), (_name, inner) => hideAll(inner));
}

/** A file's name stays. */
function hideKey(tls: JsonObject): JsonObject {
  const isSecret = (name: string, value: Json): boolean =>
    name === "passphrase" || (name === "key" && /-----BEGIN/.test(String(value)));
  return mapFields(tls, (name, value) => (isSecret(name, value) ? hidden : value));
}

/** A map of names to values, a list of `{key, value}`, or texts: addresses and queries. */
function hidePairs(value: Json): Json {
  if (typeof value === "string") return hideInText(value);
  if (Array.isArray(value)) return (value as readonly Json[]).map(hidePairs);
  if (typeof value !== "object" || value === null) return value;
  const map = asObject(value);
  const key = map["key"];
  if (typeof key === "string" && Object.hasOwn(map, "value")) {
    return secretName.test(key) ? { ...map, value: hideAll(map["value"] ?? null) } : map;
  }
  return mapFields(map, (name, inner) => (secretName.test(name) ? hideAll(inner) : hidePairs(inner)));
}

function hideInText(text: string): string {
  return text
    .replace(/^([a-z]+:\/\/)[^/]*@/i, `$1${hidden}@`)
    .replaceAll(/(^|[?&])([^?&=]+)=([^&]*)/g, (pair, start: string, name: string) =>
      secretName.test(name) ? `${start}${name}=${hidden}` : pair,
    );
}

function mapFields(map: JsonObject, change: (name: string, value: Json) => Json): JsonObject {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, change(name, value)]));
}
