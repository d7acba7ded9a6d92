import type { MetricType } from "../protocol/workflow.ts";
import { lookupMetric, type MetricContents } from "./catalog.ts";
import type { Tags } from "./recorder.ts";

export type ThresholdOperator = "<" | "<=" | ">" | ">=" | "==" | "!=";

/** What of a metric is compared. `percentile` is 0..100. */
export type ThresholdMethod =
  | { readonly name: "count" | "rate" | "value" | "avg" | "min" | "max" }
  | { readonly name: "percentile"; readonly percent: number };

/** A threshold that can be evaluated. */
export interface ParsedThreshold {
  readonly metric: string;
  /** Only series that carry these tags; empty: all. */
  readonly tags: Tags;
  readonly type: MetricType;
  readonly method: ThresholdMethod;
  readonly operator: ThresholdOperator;
  /** In the metric's unit: milliseconds, bytes, 0..1 or plain. */
  readonly limit: number;
}

/** Why a threshold can't be: `field` names the half that is wrong, `message` says what and what is accepted. */
export interface ThresholdProblem {
  readonly field: "metric" | "condition";
  readonly message: string;
}

/** The methods of each metric type, as people write them. */
const methodsOf: Readonly<Record<MetricType, readonly string[]>> = {
  counter: ["count", "rate"],
  gauge: ["value"],
  rate: ["rate"],
  trend: ["avg", "min", "max", "med", "p(0..100)", "count"],
};

/** unit -> the kind of number it fits and its size in the metric's unit. */
const units: Readonly<Record<string, { readonly kind: "time" | "data" | "share"; readonly size: number }>> = {
  us: { kind: "time", size: 0.001 },
  ms: { kind: "time", size: 1 },
  s: { kind: "time", size: 1_000 },
  m: { kind: "time", size: 60_000 },
  "%": { kind: "share", size: 0.01 },
  B: { kind: "data", size: 1 },
  kB: { kind: "data", size: 1_000 },
  MB: { kind: "data", size: 1_000_000 },
};

const conditionPattern =
  /^\s*([a-z]+)\s*(?:\(\s*([^()]*?)\s*\))?\s*(<=|>=|==|!=|<|>)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([a-zA-Z%]*)\s*$/i;

/**
 * Reads `p(95) < 500ms` on `http_req_duration{step:login}`. `metricType` gives the type of a built-in or declared
 * metric. Either a threshold or a problem, never an exception.
 */
export function parseThreshold(
  metric: string,
  condition: string,
  metricType: (name: string) => MetricType | undefined,
): { readonly threshold: ParsedThreshold } | { readonly problem: ThresholdProblem } {
  const key = parseMetricKey(metric);
  if (key === null) {
    return wrong("metric", `"${metric}" is not a metric: write name or name{tag:value,…}`);
  }
  const type = metricType(key.name);
  if (type === undefined) {
    return wrong("metric", `there is no metric "${key.name}": use a built-in one or declare it under metrics`);
  }
  const match = conditionPattern.exec(condition);
  if (match === null) {
    const methods = methodsOf[type].join(", ");
    return wrong(
      "condition",
      `"${condition}" is not a condition: write <method> <operator> <number>[unit], e.g. ` +
        `${exampleOf(type)}; methods of ${key.name}: ${methods}; operators: < <= > >= == !=`,
    );
  }
  const [, word = "", argument, operator = "", number = "", unit = ""] = match;
  const method = parseMethod(type, word, argument);
  if (typeof method === "string") return wrong("condition", `${method} (${key.name} is a ${type})`);
  const size = parseUnit(unit, unitKindOf(key.name, type, method));
  if (typeof size === "string") return wrong("condition", `${size} (in "${condition}")`);
  return {
    threshold: {
      metric: key.name,
      tags: key.tags,
      type,
      method,
      operator: operator as ThresholdOperator,
      limit: round(Number(number) * size),
    },
  };
}

/**
 * Rewrites the short forms `<step>.duration.p95` (also avg, min, max, med, count) and `<step>.failure_rate`, whose
 * condition starts with the operator (`< 500ms`), to a metric and a condition. Anything else comes back as it is.
 */
export function expandShortThreshold(
  metric: string,
  condition: string,
  stepIds: ReadonlySet<string>,
): { readonly metric: string; readonly condition: string } {
  const match = /^([^{}]+)\.(?:(failure_rate)|duration\.(?:p(\d+(?:[._]\d+)?)|(avg|min|max|med|count)))$/.exec(
    metric.trim(),
  );
  const [, step = "", failureRate, percent, method] = match ?? [];
  if (match === null || !stepIds.has(step)) return { metric, condition };
  const word = failureRate !== undefined ? "rate" : percent !== undefined ? `p(${percent.replace("_", ".")})` : method;
  const name = failureRate !== undefined ? "step_failed" : "step_duration";
  return { metric: `${name}{step:${step}}`, condition: `${word} ${condition.trim()}` };
}

/** Splits `name{tag:value,…}`; values may stand in double quotes. null: it isn't one. */
export function parseMetricKey(text: string): { readonly name: string; readonly tags: Tags } | null {
  const match = /^\s*([^\s{}]+)\s*(?:\{(.*)\})?\s*$/s.exec(text);
  const [, name, inner] = match ?? [];
  if (name === undefined) return null;
  if (inner === undefined || inner.trim() === "") return { name, tags: {} };
  const tags: [string, string][] = [];
  const pair = /\s*([^:,"\s]+)\s*:\s*(?:"([^"]*)"|([^,"]*?))\s*(?:,|$)/y;
  while (pair.lastIndex < inner.length) {
    const found = pair.exec(inner);
    if (found === null) return null;
    tags.push([found[1] ?? "", found[2] ?? found[3] ?? ""]);
  }
  return { name, tags: Object.fromEntries(tags) };
}

function parseMethod(type: MetricType, word: string, argument: string | undefined): ThresholdMethod | string {
  const written = argument === undefined ? word : `${word}(${argument})`;
  const accepted = `use ${methodsOf[type].join(", ")}`;
  if (type === "trend" && word === "p") {
    const percent = argument === undefined || argument === "" ? Number.NaN : Number(argument);
    if (!(percent >= 0 && percent <= 100)) return `"${written}" is not a percentile: write p(0) to p(100)`;
    return { name: "percentile", percent };
  }
  if (argument !== undefined || !methodsOf[type].includes(word)) return `no method "${written}": ${accepted}`;
  if (word === "med") return { name: "percentile", percent: 50 };
  return { name: word as "count" | "rate" | "value" | "avg" | "min" | "max" };
}

type UnitKind = MetricContents | "share" | "any";

/** What kind of number a method of a metric gives. Of custom metrics only their author knows. */
function unitKindOf(name: string, type: MetricType, method: ThresholdMethod): UnitKind {
  if (type === "rate") return "share";
  if (type === "trend" && method.name === "count") return "default";
  const metric = lookupMetric(name, {});
  return metric === undefined ? "any" : metric.contains;
}

/** The size of a unit in the metric's own, or why it does not fit. */
function parseUnit(unit: string, kind: UnitKind): number | string {
  if (unit === "") return 1;
  const known = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (known === undefined) return `there is no unit "${unit}": use us, ms, s, m, %, B, kB, MB`;
  if (kind === "any" || known.kind === kind) return known.size;
  const fitting = Object.keys(units).filter((name) => units[name]?.kind === kind);
  return `unit "${unit}" does not fit: use ${fitting.length === 0 ? "none" : `${fitting.join(", ")} or none`}`;
}

function exampleOf(type: MetricType): string {
  switch (type) {
    case "counter":
      return "count > 100";
    case "gauge":
      return "value < 50";
    case "rate":
      return "rate < 1%";
    case "trend":
      return "p(95) < 500ms";
    default:
      return type satisfies never;
  }
}

function wrong(field: ThresholdProblem["field"], message: string): { readonly problem: ThresholdProblem } {
  return { problem: { field, message } };
}

/** Takes the rounding errors of a unit away: 3 x 0.01 is 0.03. */
function round(value: number): number {
  return Number(value.toPrecision(15));
}
