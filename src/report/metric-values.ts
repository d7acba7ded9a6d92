import { bucketRange } from "../measure/buckets.ts";
import { lookupMetric } from "../measure/catalog.ts";
import type { Total } from "../measure/totals.ts";
import type { DurationSummary, ReportMetric } from "../protocol/report.ts";
import { percentileOf, roundTo3, shareOf, summaryOf } from "./numbers.ts";

/** A metric of the report from what was measured. `overMs` is what rates per second are taken over. */
export function describeMetric(name: string, total: Total, overMs: number): ReportMetric {
  const contains = lookupMetric(name, {})?.contains ?? "default";
  const values = listValues(total, overMs);
  return total.type === "trend"
    ? { type: total.type, contains, values, histogram: listBuckets(total) }
    : { type: total.type, contains, values };
}

/** A trend of times as the report's fixed set of milliseconds; all null without data. */
export function summarizeDuration(total: Total | null): DurationSummary {
  return {
    min: summaryOf(total, "min"),
    max: summaryOf(total, "max"),
    avg: summaryOf(total, "avg"),
    p50: percentileOf(total, 50),
    p90: percentileOf(total, 90),
    p95: percentileOf(total, 95),
    p99: percentileOf(total, 99),
    p99_9: percentileOf(total, 99.9),
  };
}

function listValues(total: Total, overMs: number): ReportMetric["values"] {
  switch (total.type) {
    case "counter":
      return { count: total.sum, rate: overMs > 0 ? roundTo3(total.sum / (overMs / 1_000)) : null };
    case "gauge":
      return { value: finite(total.value), min: finite(total.min), max: finite(total.max) };
    case "rate":
      return { rate: shareOf(total.passes, total.total), passes: total.passes, fails: total.total - total.passes };
    case "trend":
      return {
        min: summaryOf(total, "min"),
        max: summaryOf(total, "max"),
        avg: summaryOf(total, "avg"),
        med: percentileOf(total, 50),
        "p(90)": percentileOf(total, 90),
        "p(95)": percentileOf(total, 95),
        "p(99)": percentileOf(total, 99),
        "p(99.9)": percentileOf(total, 99.9),
        count: total.histogram.count,
      };
    default:
      return total satisfies never;
  }
}

function listBuckets(total: Total & { readonly type: "trend" }): NonNullable<ReportMetric["histogram"]> {
  const buckets: [low: number, high: number, count: number][] = [];
  total.histogram.forEach((bucket, count) => {
    const { low, high } = bucketRange(bucket);
    buckets.push([low / 1_000, high / 1_000, count]);
  });
  return buckets;
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
