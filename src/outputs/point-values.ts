import { readTotal } from "../measure/evaluate-threshold.ts";
import type { Total } from "../measure/totals.ts";

/** A point's numbers by name, in the metric's unit (milliseconds of times); what is not known is left out. */
export function listPointValues(total: Total): Readonly<Record<string, number>> {
  switch (total.type) {
    case "counter":
      return { count: total.sum };
    case "gauge":
      return { value: total.value, min: total.min, max: total.max };
    case "rate":
      return total.total === 0
        ? { passes: 0, total: 0 }
        : { rate: total.passes / total.total, passes: total.passes, total: total.total };
    case "trend": {
      const { histogram } = total;
      if (histogram.count === 0) return { count: 0 };
      const percentile = (percent: number): number => readTotal(total, { name: "percentile", percent }, 0) ?? 0;
      return {
        count: histogram.count,
        sum: Number(total.sum) / 1_000,
        min: histogram.min / 1_000,
        max: histogram.max / 1_000,
        avg: readTotal(total, { name: "avg" }, 0) ?? 0,
        p50: percentile(50),
        p90: percentile(90),
        p95: percentile(95),
        p99: percentile(99),
      };
    }
    default:
      return total satisfies never;
  }
}
