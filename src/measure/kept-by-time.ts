import type { MetricType, Threshold } from "../protocol/workflow.ts";
import { builtInMetrics, lookupMetric } from "./catalog.ts";
import { listStepIds } from "./list-step-ids.ts";
import { parseThreshold } from "./threshold.ts";
import type { Track } from "./windows.ts";

/** What of a workflow decides what is kept second by second. */
export interface KeptOptions {
  /** Custom metrics of the workflow. */
  readonly metrics: Readonly<Record<string, MetricType>>;
  readonly thresholds: readonly Threshold[];
  /** With several the time series of each is kept, of the first 50. Default: one. */
  readonly scenarios?: readonly { readonly name: string }[];
}

/** For the time series and the live view. */
const alwaysKept: readonly string[] = [
  "http_req_duration",
  "http_req_duration_corrected",
  "http_reqs",
  "http_req_failed",
  "iterations",
  "data_sent",
  "data_received",
];

const mostScenarios = 50;

/** Scenarios that are kept apart; none where there is but one: it is all. */
export function listKeptScenarios({ scenarios = [] }: KeptOptions): readonly string[] {
  return scenarios.length < 2 ? [] : scenarios.slice(0, mostScenarios).map(({ name }) => name);
}

/** What the time series of all and of each kept scenario shows, and what thresholds with a window look at. */
export function listTracks(options: KeptOptions): Track[] {
  const { metrics, thresholds } = options;
  const shown = builtInMetrics.filter(({ name }) => alwaysKept.includes(name));
  const tracks = [{}, ...listKeptScenarios(options).map((scenario) => ({ scenario }))].flatMap((tags) =>
    shown.map(({ name, type }): Track => ({ metric: name, type, tags })),
  );
  for (const threshold of thresholds) {
    if (threshold.windowMs === null) continue;
    const parsed = parseThreshold(threshold.metric, threshold.condition, (name) => lookupMetric(name, metrics)?.type);
    if ("threshold" in parsed) tracks.push(parsed.threshold);
  }
  return tracks;
}

/** By step id: the kept scenario it belongs to; steps of several, and those of none, are left out. */
export function mapSteps(options: KeptOptions): ReadonlyMap<string, string> {
  const kept = new Set(listKeptScenarios(options));
  const found = new Map<string, string>();
  const shared = new Set<string>();
  for (const scenario of options.scenarios ?? []) {
    if (!kept.has(scenario.name)) continue;
    for (const id of new Set(listStepIds(scenario))) {
      if (found.has(id)) shared.add(id);
      found.set(id, scenario.name);
    }
  }
  for (const id of shared) found.delete(id);
  return found;
}
