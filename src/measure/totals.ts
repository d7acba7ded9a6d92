import type { SeriesValue } from "../protocol/frame.ts";
import type { MetricType } from "../protocol/workflow.ts";
import { Histogram } from "./histogram.ts";

/** What a series, or several together, came to over a time. Merging totals in any order gives the same. */
export type Total = CounterTotal | GaugeTotal | RateTotal | TrendTotal;

export interface CounterTotal {
  readonly type: "counter";
  sum: number;
}

export interface GaugeTotal {
  readonly type: "gauge";
  /** The value of the latest second; of several in it the largest. */
  value: number;
  /** -Infinity: never set. */
  second: number;
  min: number;
  max: number;
}

export interface RateTotal {
  readonly type: "rate";
  passes: number;
  total: number;
}

export interface TrendTotal {
  readonly type: "trend";
  readonly histogram: Histogram;
  /** Exact beyond 2^53. */
  sum: bigint;
}

/** A total of nothing. */
export function createTotal(type: MetricType): Total {
  switch (type) {
    case "counter":
      return { type, sum: 0 };
    case "gauge":
      return { type, value: 0, second: -Infinity, min: Infinity, max: -Infinity };
    case "rate":
      return { type, passes: 0, total: 0 };
    case "trend":
      return { type, histogram: new Histogram(), sum: 0n };
    default:
      return type satisfies never;
  }
}

/** Adds an interval's value. Throws TypeError where the types differ. */
export function addValue(total: Total, value: SeriesValue, second: number): void {
  if (total.type === "counter" && value.type === "counter") total.sum += value.sum;
  else if (total.type === "rate" && value.type === "rate") {
    total.passes += value.passes;
    total.total += value.total;
  } else if (total.type === "trend" && value.type === "trend") {
    total.histogram.merge(value);
    total.sum += BigInt(value.sum);
  } else if (total.type === "gauge" && value.type === "gauge") setGauge(total, value, second);
  else throw new TypeError(`a ${value.type} does not add to a ${total.type}`);
}

/** Adds another total. Throws TypeError where the types differ. */
export function addTotal(total: Total, other: Total): void {
  if (total.type === "counter" && other.type === "counter") total.sum += other.sum;
  else if (total.type === "rate" && other.type === "rate") {
    total.passes += other.passes;
    total.total += other.total;
  } else if (total.type === "trend" && other.type === "trend") {
    total.histogram.mergeAll(other.histogram);
    total.sum += other.sum;
  } else if (total.type === "gauge" && other.type === "gauge") setGauge(total, other, other.second);
  else throw new TypeError(`a ${other.type} does not add to a ${total.type}`);
}

function setGauge(total: GaugeTotal, value: Pick<GaugeTotal, "value" | "min" | "max">, second: number): void {
  if (second > total.second) {
    total.value = value.value;
    total.second = second;
  } else if (second === total.second) total.value = Math.max(total.value, value.value);
  total.min = Math.min(total.min, value.min);
  total.max = Math.max(total.max, value.max);
}
