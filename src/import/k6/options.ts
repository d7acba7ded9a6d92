import type { Json, JsonObject } from "../../protocol/json.ts";
import { asNumber, asObject, asText } from "../../protocol/json-values.ts";
import { parseDuration } from "../../quantity.ts";
import type { Draft } from "../draft.ts";
import { isLoadField, readLoad } from "./load.ts";

/** What k6's options say: the load, or scenarios with the function that each runs, and the rest. */
export interface K6Options {
  readonly options: JsonObject;
  /** As the script has them. */
  readonly thresholds: JsonObject;
  readonly scenarios: readonly ScenarioOptions[];
}

export interface ScenarioOptions {
  readonly name: string;
  readonly exec: string;
  readonly load: JsonObject;
  /** What `__ENV` has in it beside the run's own. */
  readonly env: Readonly<Record<string, string>>;
}

export function readK6Options(given: JsonObject, draft: Draft): K6Options {
  const options: Record<string, Json> = {};
  const http: Record<string, Json> = {};
  const leave = (name: string, why = "there is none like it"): void =>
    draft.leaveOut(`the option ${name}`, "options", why);
  for (const [name, value] of Object.entries(given)) {
    if (name === "scenarios" || name === "thresholds" || isLoadField(name)) continue;
    if (name === "insecureSkipTLSVerify") http["tls"] = { verify: value !== true };
    else if (name === "noConnectionReuse" || name === "noVUConnectionReuse") {
      if (value === true) http["connections"] = name === "noConnectionReuse" ? "none" : "iteration";
    } else if (name === "noCookiesReset") http["cookies"] = value === true ? "vu" : "iteration";
    else if (name === "userAgent" && typeof value === "string") http["headers"] = { "user-agent": value };
    else if (name === "maxRedirects" && isCount(value))
      http["redirect"] = value === 0 ? false : { max_redirects: Math.min(asNumber(value) ?? 10, 100) };
    else if (name === "setupTimeout" && isTime(value)) options["setup_timeout"] = value;
    else if (name === "teardownTimeout" && isTime(value)) options["teardown_timeout"] = value;
    else if (name === "minIterationDuration" && isTime(value)) options["pacing"] = value;
    else
      leave(
        name,
        /^(?:summary|systemTags|discardResponseBodies|ext|cloud)/.test(name) ? "it changes no load" : undefined,
      );
  }
  if (!Object.hasOwn(http, "cookies")) http["cookies"] = "iteration";
  const scenarios = Object.entries(asObject(given["scenarios"])).map(([name, scenario]) =>
    readScenario(name, asObject(scenario), draft),
  );
  return {
    options: {
      ...(scenarios.length > 0 ? {} : readLoad(given, "options", draft)),
      ...options,
      on_error: "continue",
      http,
    },
    thresholds: asObject(given["thresholds"]),
    scenarios,
  };
}

function readScenario(name: string, scenario: JsonObject, draft: Draft): ScenarioOptions {
  for (const key of Object.keys(scenario)) {
    if (key === "exec" || key === "env" || isLoadField(key)) continue;
    draft.leaveOut(`${key} of the scenario ${name}`, "options", "there is none like it");
  }
  const env = Object.fromEntries(
    Object.entries(asObject(scenario["env"])).flatMap(([key, value]): [string, string][] =>
      /^[A-Za-z_]\w*$/.test(key) && typeof value !== "object" ? [[key, String(value)]] : [],
    ),
  );
  const exec = asText(scenario["exec"]) ?? "default";
  return { name, exec, env, load: readLoad(scenario, `scenario ${name}`, draft) };
}

function isTime(value: Json): boolean {
  return (typeof value === "string" || typeof value === "number") && (parseDuration(value) ?? 0) > 0;
}

function isCount(value: Json): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}
