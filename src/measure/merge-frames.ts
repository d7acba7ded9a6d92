import type { Frame, SeriesDelta, VuCount } from "../protocol/frame.ts";
import { mergeHalted, mergeMeasurements } from "./merge.ts";
import { nameSeries } from "./series-key.ts";

/**
 * Two frames of one source, the second right behind the first, as one with the second's number: it stands where the
 * second stood, so that resolution is lost, but no count. Both measured warm-up, or neither.
 */
export function mergeFrames(first: Frame, second: Frame): Frame {
  const { series, errors, overflow } = mergeMeasurements([first, second]);
  return {
    number: second.number,
    second: second.second,
    testTimeMs: second.testTimeMs,
    warmUp: second.warmUp,
    series: keepLaterGauges(series, second.series),
    errors,
    vus: second.vus.map((count) => keepMost(count, first.vus)),
    ...mergeHalted([first, second]),
    overflow,
    generator: {
      cpu: (first.generator.cpu + second.generator.cpu) / 2,
      eventLoopLagMs: Math.max(first.generator.eventLoopLagMs, second.generator.eventLoopLagMs),
      memory: Math.max(first.generator.memory, second.generator.memory),
    },
  };
}

/** Of a gauge the later value is the one that holds. */
function keepLaterGauges(merged: readonly SeriesDelta[], later: readonly SeriesDelta[]): SeriesDelta[] {
  const values = new Map<string, number>();
  for (const delta of later) {
    if (delta.type === "gauge") values.set(nameSeries(delta.key.metric, delta.key.tags), delta.value);
  }
  return merged.map((delta) =>
    delta.type === "gauge"
      ? { ...delta, value: values.get(nameSeries(delta.key.metric, delta.key.tags)) ?? delta.value }
      : delta,
  );
}

function keepMost(count: VuCount, before: readonly VuCount[]): VuCount {
  const most = before.find(({ scenario }) => scenario === count.scenario)?.most ?? 0;
  return { ...count, most: Math.max(count.most, most) };
}
