import type { Json, JsonObject } from "../../protocol/json.ts";
import { asList, asNumber, asObject, asText } from "../../protocol/json-values.ts";
import { parseDuration } from "../../quantity.ts";
import type { Draft } from "../draft.ts";
import { isLoadField, readLoad } from "./load.ts";

/** Which methods a threshold of a metric may have. */
const metrics: Readonly<Record<string, RegExp>> = Object.fromEntries([
  ...[
    "http_req_duration",
    "http_req_waiting",
    "http_req_connecting",
    "http_req_blocked",
    "http_req_sending",
    "http_req_receiving",
    "http_req_tls_handshaking",
    "iteration_duration",
    "group_duration",
  ].map((name) => [name, /^(?:avg|min|max|med|p\(\d+(?:\.\d+)?\))$/]),
  ...["http_reqs", "iterations", "data_sent", "data_received", "dropped_iterations"].map((name) => [
    name,
    /^(?:count|rate)$/,
  ]),
  ...["http_req_failed", "checks"].map((name) => [name, /^rate$/]),
] as [string, RegExp][]);

/** What k6's options say: the load, or scenarios with the function that each runs, and the rest. */
export interface K6Options {
  readonly options: JsonObject;
  readonly scenarios: readonly { readonly name: string; readonly exec: string; readonly load: JsonObject }[];
}

export function readK6Options(given: JsonObject, draft: Draft): K6Options {
  const options: Record<string, Json> = {};
  const http: Record<string, Json> = {};
  const leave = (name: string, why = "there is none like it"): void =>
    draft.leaveOut(`the option ${name}`, "options", why);
  for (const [name, value] of Object.entries(given)) {
    if (name === "scenarios" || isLoadField(name)) continue;
    if (name === "thresholds") options["thresholds"] = readThresholds(asObject(value), draft);
    else if (name === "insecureSkipTLSVerify") http["tls"] = { verify: value !== true };
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
  if (Object.keys(asObject(options["thresholds"])).length === 0) delete options["thresholds"];
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
    scenarios,
  };
}

function readScenario(name: string, scenario: JsonObject, draft: Draft): K6Options["scenarios"][number] {
  for (const key of Object.keys(scenario)) {
    if (key === "exec" || isLoadField(key)) continue;
    draft.leaveOut(
      `${key} of the scenario ${name}`,
      "options",
      key === "env" ? "give variables with -e" : "there is none like it",
    );
  }
  return { name, exec: asText(scenario["exec"]) ?? "default", load: readLoad(scenario, `scenario ${name}`, draft) };
}

function isTime(value: Json): boolean {
  return (typeof value === "string" || typeof value === "number") && (parseDuration(value) ?? 0) > 0;
}

function isCount(value: Json): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}

function readThresholds(given: JsonObject, draft: Draft): JsonObject {
  return Object.fromEntries(
    Object.entries(given).flatMap(([metric, conditions]): [string, Json][] => {
      const methods = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
      const kept = (Array.isArray(conditions) ? asList(conditions) : [conditions]).filter((condition) => {
        const text = asText(condition) ?? asText(asObject(condition)["threshold"]) ?? "";
        const [, method = ""] = /^\s*([a-z]+(?:\([\d.]+\))?)\s*(?:<=|>=|===?|!=|<|>)\s*[\d.]+\s*$/.exec(text) ?? [];
        const fits = methods?.test(method) === true && !text.includes("===");
        if (!fits)
          draft.leaveOut(
            `the threshold ${metric}: ${text}`,
            "options",
            methods === undefined ? "only the built-in metrics without tags" : "the metric has no such value",
          );
        return fits;
      });
      return kept.length === 0 ? [] : [[metric, kept]];
    }),
  );
}
