import type { Threshold } from "../protocol/workflow.ts";
import { type Snapshot, totalOf } from "./snapshot.ts";
import type { ParsedThreshold, ThresholdMethod, ThresholdOperator } from "./threshold.ts";
import { createTotal, type Total } from "./totals.ts";
import { totalSince } from "./windows.ts";

/** When and how a threshold is looked at. */
export interface ThresholdMoment extends Pick<Threshold, "windowMs" | "noData"> {
  /** Test time now, ms. */
  readonly testTimeMs: number;
  /** Nothing more will come: an empty metric is judged by `noData` instead of waited for. */
  readonly final: boolean;
}

/** The measured value in the metric's unit, and whether it holds; null: no data yet. */
export interface ThresholdOutcome {
  readonly value: number | null;
  readonly passed: boolean | null;
}

/**
 * Looks at a threshold over the run so far or its window. Nothing counted is the value 0 of a counter (and of a
 * trend's `count`), and no data for everything else.
 */
export function evaluateThreshold(
  threshold: ParsedThreshold,
  snapshot: Snapshot,
  moment: ThresholdMoment,
): ThresholdOutcome {
  const measuredMs = Math.max(0, moment.testTimeMs - snapshot.warmUp.endMs);
  const windowMs = moment.windowMs;
  const total =
    windowMs === null
      ? totalOf(snapshot, threshold.metric, threshold.tags)
      : totalSince(snapshot.windows, threshold.metric, threshold.tags, moment.testTimeMs - windowMs);
  const overMs = windowMs === null ? measuredMs : Math.min(windowMs, measuredMs);
  const value = readTotal(total ?? createTotal(threshold.type), threshold.method, overMs);
  if (value !== null) return { value, passed: compare(value, threshold.operator, threshold.limit) };
  return { value: null, passed: moment.final ? moment.noData === "pass" : null };
}

/**
 * What a method gives of a total, in the metric's unit (a trend's integers are thousandths of it); null: no data.
 * `overMs` is the time that a counter's rate per second is taken over.
 */
export function readTotal(total: Total, method: ThresholdMethod, overMs: number): number | null {
  switch (total.type) {
    case "counter":
      if (method.name !== "rate") return total.sum;
      return overMs > 0 ? total.sum / (overMs / 1_000) : null;
    case "gauge":
      return total.second === -Infinity ? null : total.value;
    case "rate":
      return total.total === 0 ? null : total.passes / total.total;
    case "trend": {
      const { histogram } = total;
      if (method.name === "count") return histogram.count;
      if (histogram.count === 0) return null;
      if (method.name === "percentile") return thousandth(histogram.percentile(method.percent) ?? 0);
      if (method.name === "min") return thousandth(histogram.min);
      if (method.name === "max") return thousandth(histogram.max);
      return averageOf(total.sum, histogram.count);
    }
    default:
      return total satisfies never;
  }
}

/** The exact sum divided once. */
function averageOf(sum: bigint, count: number): number {
  const whole = sum / BigInt(count);
  const rest = Number(sum - whole * BigInt(count)) / count;
  return thousandth(Number(whole) + rest);
}

/** Microseconds as milliseconds, custom values as they were written. */
function thousandth(value: number): number {
  return value / 1_000;
}

function compare(value: number, operator: ThresholdOperator, limit: number): boolean {
  switch (operator) {
    case "<":
      return value < limit;
    case "<=":
      return value <= limit;
    case ">":
      return value > limit;
    case ">=":
      return value >= limit;
    case "==":
      return value === limit;
    case "!=":
      return value !== limit;
    default:
      return operator satisfies never;
  }
}
