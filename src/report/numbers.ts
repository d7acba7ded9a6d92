import type { Total } from "../measure/totals.ts";
import { readTotal } from "../measure/evaluate-threshold.ts";

/** A number with at most three decimals; null stays null. */
export function roundTo3(value: number | null): number | null {
  return value === null || !Number.isFinite(value) ? null : Math.round(value * 1_000) / 1_000;
}

/** A share 0..1 with at most six decimals; null: of nothing. */
export function shareOf(part: number, whole: number): number | null {
  return whole === 0 ? null : Math.round((part / whole) * 1e6) / 1e6;
}

/** A trend's percentile in milliseconds (or a custom trend's unit), 3 decimals; null without data. */
export function percentileOf(total: Total | null, percent: number): number | null {
  return total === null ? null : roundTo3(readTotal(total, { name: "percentile", percent }, 0));
}

/** A trend's average, smallest or largest value, 3 decimals; null without data. */
export function summaryOf(total: Total | null, name: "avg" | "min" | "max"): number | null {
  return total === null ? null : roundTo3(readTotal(total, { name }, 0));
}
