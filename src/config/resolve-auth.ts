import { asObject, asText } from "../protocol/json-values.ts";
import type { Json } from "../protocol/json.ts";
import type { ApiKeyConfiguration, AuthConfiguration, Role } from "./configuration.ts";
import type { GivenValues } from "./given-values.ts";
import type { Environment } from "./read-environment.ts";
import { tellAbsence } from "./resolve-secrets.ts";

const listKey = "auth.api_keys";

/** Who may speak to the master; what is impossible is reported. */
export function resolveAuth(values: GivenValues, environment: Environment): AuthConfiguration {
  const apiKeys = values.list(listKey).map((entry, index) => resolveKey(entry, index, values, environment));
  for (const [index, { name }] of apiKeys.entries()) {
    if (apiKeys.findIndex((other) => other.name === name) === index) continue;
    values.report(listKey, `there is a key \`${name.slice(0, 64)}\` already; give each its own name`, [index, "name"]);
  }
  const enabled = values.has("auth.enabled") ? values.flag("auth.enabled") : apiKeys.length > 0;
  const required = values.flag("auth.required");
  if (required && values.has("auth.enabled") && !enabled) {
    values.report("auth.enabled", "`auth.required` is true; remove this, or set it to true");
  } else if ((required || enabled) && apiKeys.length === 0) {
    values.report(required ? "auth.required" : "auth.enabled", "there are no keys; add `auth.api_keys`");
  }
  if (!enabled && !required && apiKeys.length > 0)
    values.warn("auth.enabled", "the keys of `auth.api_keys` are not asked for");
  return { enabled, required, apiKeys };
}

function resolveKey(entry: Json, index: number, values: GivenValues, environment: Environment): ApiKeyConfiguration {
  const fields = asObject(entry);
  const name = asText(fields["name"]) ?? "";
  const ways = ["key", "key_env", "key_hash"].filter((field) => fields[field] !== undefined);
  if (ways.length !== 1) {
    const wrong = ways.length === 0 ? "it has no key" : "the key is given in two ways";
    values.report(listKey, `${wrong}; give one of \`key\`, \`key_env\` and \`key_hash\``, [index]);
  }
  const variable = asText(fields["key_env"]);
  const fromEnvironment = variable === null ? null : (environment[variable] ?? "");
  if (variable !== null && fromEnvironment === "") values.report(listKey, tellAbsence(variable), [index, "key_env"]);
  const key = asText(fields["key"]) ?? fromEnvironment;
  if (fields["key"] === "") values.report(listKey, "an empty key opens to everybody; give another", [index, "key"]);
  return {
    name,
    key,
    keyHash: asText(fields["key_hash"]),
    role: (asText(fields["role"]) ?? "viewer") as Role,
    expiresAt: readTime(asText(fields["expires_at"]), index, values),
  };
}

function readTime(text: string | null, index: number, values: GivenValues): number | null {
  if (text === null) return null;
  const time = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(time)) return time;
  values.report(listKey, `\`${text.slice(0, 64)}\` is no time; it takes 2027-01-31T00:00:00Z`, [index, "expires_at"]);
  return null;
}
