import { listStepIds } from "../measure/list-step-ids.ts";
import type { Snapshot } from "../measure/snapshot.ts";
import { addTotal, createTotal, type Total } from "../measure/totals.ts";
import type { CheckResult, StepMetrics } from "../protocol/report.ts";
import type { Workflow } from "../protocol/workflow.ts";
import { summarizeDuration } from "./metric-values.ts";

/** Every step that ran, in the workflow's order. */
export function describeSteps(snapshot: Snapshot, workflow: Workflow): Record<string, StepMetrics> {
  const outcomes = totalsByTag(snapshot, "step_failed", "step");
  const durations = totalsByTag(snapshot, "step_duration", "step");
  const ids = sortSteps(new Set([...outcomes.keys(), ...durations.keys()]), workflow);
  return Object.fromEntries(
    ids.map((id) => {
      const outcome = outcomes.get(id);
      const failed = outcome?.type === "rate" ? outcome.passes : 0;
      const count = outcome?.type === "rate" ? outcome.total : 0;
      const duration = summarizeDuration(durations.get(id) ?? null);
      return [id, { step_id: id, count, success_count: count - failed, failure_count: failed, duration }];
    }),
  );
}

/** Every check that was made, by step in the workflow's order, then by name. */
export function describeChecks(snapshot: Snapshot, workflow: Workflow): CheckResult[] {
  const results = new Map<string, { name: string; step_id: string; passes: number; fails: number }>();
  for (const { key, total } of snapshot.metrics.get("checks")?.series.values() ?? []) {
    if (total.type !== "rate") continue;
    const { check: name = "", step: stepId = "" } = key.tags;
    const id = JSON.stringify([stepId, name]);
    const known = results.get(id) ?? { name, step_id: stepId, passes: 0, fails: 0 };
    known.passes += total.passes;
    known.fails += total.total - total.passes;
    results.set(id, known);
  }
  const steps = sortSteps(new Set([...results.values()].map((result) => result.step_id)), workflow);
  return [...results.values()].toSorted(
    (left, right) =>
      steps.indexOf(left.step_id) - steps.indexOf(right.step_id) ||
      (left.name < right.name ? -1 : left.name > right.name ? 1 : 0),
  );
}

function totalsByTag(snapshot: Snapshot, metric: string, tag: string): Map<string, Total> {
  const totals = new Map<string, Total>();
  for (const { key, total } of snapshot.metrics.get(metric)?.series.values() ?? []) {
    const value = key.tags[tag];
    if (value === undefined) continue;
    const known = totals.get(value) ?? createTotal(total.type);
    addTotal(known, total);
    totals.set(value, known);
  }
  return totals;
}

/** Ids in the order in which the workflow names them, unknown ones last by name. */
function sortSteps(ids: ReadonlySet<string>, workflow: Workflow): string[] {
  const written = listStepIds([workflow.setup, ...workflow.scenarios.map(listLists), workflow.teardown]);
  const places = new Map(written.map((id, place) => [id, place]));
  return [...ids].toSorted(
    (left, right) =>
      (places.get(left) ?? written.length) - (places.get(right) ?? written.length) || (left < right ? -1 : 1),
  );
}

function listLists(scenario: Workflow["scenarios"][number]): readonly unknown[] {
  return [scenario.vuSetup, scenario.preHook, scenario.steps, scenario.postHook, scenario.vuTeardown];
}
