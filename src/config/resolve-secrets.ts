import { asObject, asText } from "../protocol/json-values.ts";
import type { JsonObject } from "../protocol/json.ts";
import type { GivenValues } from "./given-values.ts";
import type { Environment } from "./read-environment.ts";

/** The value of the environment variable that a key names; null: none is named, or it is reported as absent. */
export function readNamedVariable(values: GivenValues, key: string, environment: Environment): string | null {
  const name = values.text(key);
  if (name === null) return null;
  const value = environment[name];
  if (value !== undefined && value !== "") return value;
  values.report(key, tellAbsence(name));
  return null;
}

/** The connections, each `X_env` replaced by `X` with the variable's value. */
export function fillFromEnvironment(
  values: GivenValues,
  environment: Environment,
): Readonly<Record<string, JsonObject>> {
  const key = "connections";
  return Object.fromEntries(
    Object.entries(values.map(key)).map(([connection, fields]) => {
      const filled = Object.entries(asObject(fields)).map(([field, given]) => {
        if (!field.endsWith("_env")) return [field, given] as const;
        const plain = field.slice(0, -"_env".length);
        const name = asText(given) ?? "";
        const value = environment[name];
        if (value === undefined) values.report(key, tellAbsence(name), [connection, field]);
        if (Object.hasOwn(asObject(fields), plain)) {
          values.report(key, `\`${plain}\` is given in two ways; keep one`, [connection, field]);
        }
        return [plain, value ?? ""] as const;
      });
      return [connection, Object.fromEntries(filled)] as const;
    }),
  );
}

/** What to say of a variable that is named and not there. */
export function tellAbsence(name: string): string {
  return `the environment has no \`${name.slice(0, 100)}\`; set it`;
}
