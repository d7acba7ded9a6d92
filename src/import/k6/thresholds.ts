import type { Json, JsonObject } from "../../protocol/json.ts";
import { asList, asObject, asText } from "../../protocol/json-values.ts";
import type { Draft } from "../draft.ts";
import { hasTemplate } from "../template-text.ts";

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

/** Tags that every request has here as in k6, whatever their values. */
const ofRequests = new Set(["status", "method", "expected_response", "proto"]);

/** What tells the series of the workflow apart. */
export interface Series {
  /** Our scenarios by k6's names. */
  readonly scenarios: ReadonlyMap<string, string>;
  /** `name:login`, `kind:smoke`: the tags that steps and scenarios have. */
  readonly tags: ReadonlySet<string>;
}

/** Collects the tags of what was written. */
export function listSeries(written: readonly Json[], scenarios: ReadonlyMap<string, string>): Series {
  const tags = new Set<string>();
  const look = (value: Json, group: string): void => {
    if (Array.isArray(value)) for (const item of value as readonly Json[]) look(item, group);
    const fields = asObject(value);
    const { name, id, type } = fields;
    if (typeof name === "string" && typeof type === "string" && !hasTemplate(name)) tags.add(`name:${name}`);
    for (const [tag, each] of Object.entries(asObject(fields["tags"]))) tags.add(`${tag}:${String(each)}`);
    const inner = type === "group" ? `${group}::${asText(name) ?? asText(id) ?? ""}` : group;
    if (inner !== group) tags.add(`group:${inner}`);
    for (const each of Object.values(fields)) look(each, inner);
  };
  for (const each of written) look(each, "");
  return { scenarios, tags };
}

/** The thresholds of k6's options; those that name nothing of the workflow are noted as left out. */
export function readThresholds(given: JsonObject, series: Series, draft: Draft): JsonObject {
  return Object.fromEntries(
    Object.entries(given).flatMap(([metric, conditions]): [string, Json][] => {
      const [, name = "", selector] = /^([^{]*)(?:\{(.*)\})?$/s.exec(metric) ?? [];
      const methods = Object.hasOwn(metrics, name) ? metrics[name] : undefined;
      const tags = selector === undefined ? "" : readSelector(selector, series);
      const kept = (Array.isArray(conditions) ? asList(conditions) : [conditions]).flatMap((condition): Json[] => {
        const text = asText(condition) ?? asText(asObject(condition)["threshold"]) ?? "";
        const [, method = ""] = /^\s*([a-z]+(?:\([\d.]+\))?)\s*(?:<=|>=|===?|!=|<|>)\s*[\d.]+\s*$/.exec(text) ?? [];
        const why =
          methods === undefined
            ? "only built-in metrics"
            : tags === null
              ? "no step has such a tag"
              : !methods.test(method) || text.includes("===")
                ? "the metric has no such value"
                : null;
        if (why !== null) {
          draft.leaveOut(`the threshold ${metric}: ${text}`, "options", why);
          return [];
        }
        if (tags === "") return [condition];
        // k6 lets a threshold pass that has seen no value.
        return [{ ...(typeof condition === "string" ? { threshold: text } : asObject(condition)), no_data: "pass" }];
      });
      return kept.length === 0 ? [] : [[`${name.trim()}${tags ?? ""}`, kept]];
    }),
  );
}

/** `{name:login}` with our names; null: nothing is so tagged. */
function readSelector(selector: string, { scenarios, tags }: Series): string | null {
  const pairs = selector.split(",").map((pair): string | null => {
    const [, tag = "", value = ""] = /^\s*([^:"\s]+)\s*:\s*"?(.*?)"?\s*$/s.exec(pair) ?? [];
    if (/["{}]/.test(value) || value === "") return null;
    if (tag === "scenario") return scenarios.has(value) ? `scenario:${scenarios.get(value) ?? ""}` : null;
    return ofRequests.has(tag) || tags.has(`${tag}:${value}`) ? `${tag}:${value}` : null;
  });
  return pairs.includes(null) ? null : `{${pairs.join(",")}}`;
}
