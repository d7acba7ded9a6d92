import type { ErrorDelta, ErrorSample, Frame, SeriesDelta, SeriesValue } from "../protocol/frame.ts";
import type { Measurements } from "./measurements.ts";
import { mergeTrends } from "./merge-trends.ts";
import { nameSeries } from "./series-key.ts";

/**
 * Several sources' measurements of one interval as one. The result is the same, to the bit and in its order,
 * whatever the order and grouping of the parts.
 */
export function mergeMeasurements(parts: readonly Measurements[]): Measurements {
  return {
    series: mergeSeries(parts.map(({ series }) => series)),
    errors: mergeErrors(parts.map(({ errors }) => errors)),
    overflow: mergeOverflow(parts.map(({ overflow }) => overflow)),
  };
}

/** All VUs that halted in any of the parts. */
export function mergeHalted(parts: readonly Pick<Frame, "halted">[]): Pick<Frame, "halted"> {
  const halted = parts.flatMap((part) => part.halted ?? []);
  return halted.length === 0 ? {} : { halted };
}

/** Series with the same key become one; sorted by key. */
export function mergeSeries(parts: readonly (readonly SeriesDelta[])[]): SeriesDelta[] {
  const merged = new Map<string, SeriesDelta>();
  for (const part of parts) {
    for (const delta of part) {
      const name = nameSeries(delta.key.metric, delta.key.tags);
      const known = merged.get(name);
      merged.set(name, known === undefined ? delta : { key: known.key, ...mergeValues(known, delta) });
    }
  }
  return sortByName(merged);
}

/**
 * Two values of one series as one. Throws where the types differ. A gauge's value becomes the larger one: sources of
 * one interval have no order among them.
 */
export function mergeValues(left: SeriesValue, right: SeriesValue): SeriesValue {
  if (left.type === "counter" && right.type === "counter") return { type: "counter", sum: left.sum + right.sum };
  if (left.type === "rate" && right.type === "rate") {
    return { type: "rate", passes: left.passes + right.passes, total: left.total + right.total };
  }
  if (left.type === "gauge" && right.type === "gauge") {
    return {
      type: "gauge",
      value: Math.max(left.value, right.value),
      min: Math.min(left.min, right.min),
      max: Math.max(left.max, right.max),
    };
  }
  if (left.type === "trend" && right.type === "trend") return mergeTrends(left, right);
  throw new TypeError(`a ${left.type} does not merge with a ${right.type}`);
}

/** Errors with the same code, step and message become one, with the earliest sample; sorted. */
export function mergeErrors(parts: readonly (readonly ErrorDelta[])[]): ErrorDelta[] {
  const merged = new Map<string, ErrorDelta>();
  for (const part of parts) {
    for (const delta of part) {
      const name = `${delta.stepId}\n${delta.code}\n${delta.message}`;
      const known = merged.get(name);
      merged.set(name, known === undefined ? delta : mergeError(known, delta));
    }
  }
  return sortByName(merged);
}

/** Two counts of one kind of error as one. */
export function mergeError(left: ErrorDelta, right: ErrorDelta): ErrorDelta {
  return {
    code: left.code,
    stepId: left.stepId,
    message: left.message,
    count: left.count + right.count,
    firstSeen: Math.min(left.firstSeen, right.firstSeen),
    lastSeen: Math.max(left.lastSeen, right.lastSeen),
    sample: earlierSample(left.sample, right.sample),
  };
}

function earlierSample(left: ErrorSample | null, right: ErrorSample | null): ErrorSample | null {
  if (left === null || right === null) return left ?? right;
  if (left.time !== right.time) return left.time < right.time ? left : right;
  const [leftText, rightText] = [left, right].map(({ url, status, body }) => JSON.stringify([url, status, body]));
  return (leftText ?? "") <= (rightText ?? "") ? left : right;
}

function mergeOverflow(parts: readonly Measurements["overflow"][]): Record<string, number> {
  const merged = new Map<string, number>();
  for (const part of parts) {
    for (const [metric, count] of Object.entries(part)) merged.set(metric, (merged.get(metric) ?? 0) + count);
  }
  return Object.fromEntries([...merged].toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

function sortByName<Value>(merged: ReadonlyMap<string, Value>): Value[] {
  return [...merged].toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([, value]) => value);
}
