import { EngineError } from "../errors.ts";
import { lookupMetric } from "../measure/catalog.ts";
import { evaluateThreshold } from "../measure/evaluate-threshold.ts";
import type { Snapshot } from "../measure/snapshot.ts";
import { type ParsedThreshold, parseThreshold } from "../measure/threshold.ts";
import type { ThresholdResult } from "../protocol/report.ts";
import type { Threshold, Workflow } from "../protocol/workflow.ts";

/** A workflow's thresholds, ready to be looked at again and again. */
export type LiveThresholds = readonly LiveThreshold[];

interface LiveThreshold {
  readonly threshold: Threshold;
  readonly parsed: ParsedThreshold;
  /** Of the latest look; null: not decided yet. */
  passed: boolean | null;
}

/** A threshold that has begun to fail, or that still fails and asks for the end of the run. */
export interface CrossedThreshold {
  readonly metric: string;
  readonly condition: string;
  /** It held, or was undecided, at the look before. */
  readonly fresh: boolean;
  readonly abort: boolean;
}

/** Parses them all; `definition` has already refused those that do not parse. */
export function createLiveThresholds({ thresholds, metrics }: Workflow): LiveThresholds {
  return thresholds.map((threshold) => {
    const { metric, condition } = threshold;
    const parsed = parseThreshold(metric, condition, (name) => lookupMetric(name, metrics)?.type);
    if ("problem" in parsed)
      throw new EngineError("invalid_workflow", `threshold ${metric}: ${parsed.problem.message}`);
    return { threshold, parsed: parsed.threshold, passed: null };
  });
}

/** A look while the run goes on: remembers each outcome and gives those that fail. `coveredMs`: test time that was merged so far. */
export function lookAtThresholds(
  live: LiveThresholds,
  snapshot: Snapshot,
  { testTimeMs, coveredMs }: { readonly testTimeMs: number; readonly coveredMs: number },
): CrossedThreshold[] {
  const crossed: CrossedThreshold[] = [];
  for (const each of live) {
    const { metric, condition, windowMs, noData, abortOnFail, delayMs } = each.threshold;
    const before = each.passed;
    each.passed = evaluateThreshold(each.parsed, snapshot, {
      windowMs,
      noData,
      testTimeMs: coveredMs,
      final: false,
    }).passed;
    if (each.passed !== false) continue;
    crossed.push({ metric, condition, fresh: before !== false, abort: abortOnFail && testTimeMs >= delayMs });
  }
  return crossed;
}

/** The last look, which decides the run. */
export function decideThresholds(live: LiveThresholds, snapshot: Snapshot, testTimeMs: number): ThresholdResult[] {
  return live.map(({ threshold, parsed }) => {
    const { metric, condition, windowMs, noData } = threshold;
    const outcome = evaluateThreshold(parsed, snapshot, { windowMs, noData, testTimeMs, final: true });
    return { metric, condition, passed: outcome.passed, value: outcome.value };
  });
}
