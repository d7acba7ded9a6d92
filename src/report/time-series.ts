import type { SeriesValue } from "../protocol/frame.ts";
import type { Snapshot } from "../measure/snapshot.ts";
import { addValue, createTotal, type Total } from "../measure/totals.ts";
import { addPoint, allPoints, createPoint, findTrack, type Point, type Windows } from "../measure/windows.ts";
import type { TimePoint, TimeSeries } from "../protocol/report.ts";
import { percentileOf, roundTo3, shareOf, summaryOf } from "./numbers.ts";

/**
 * What happened by time, in even steps: a second each while the run is short enough, longer ones for all of it after.
 * `leastMs`: the steps are at least so wide.
 */
export function buildTimeSeries(snapshot: Snapshot, startedAt: number | null, leastMs = 1_000): TimeSeries {
  const { windows } = snapshot;
  const kept = windows.coarse.length === 0 ? 1 : windows.coarseSpan;
  const span = kept * Math.max(1, Math.ceil(leastMs / 1_000 / kept));
  const points = startedAt === null ? [] : spread(windows, span);
  return { interval_ms: span * 1_000, points: points.map((point) => describePoint(windows, point, startedAt ?? 0)) };
}

/** Points of the same span from the first second on, empty ones where nothing was heard. */
function spread(windows: Windows, span: number): Point[] {
  const points: Point[] = [];
  for (const point of allPoints(windows)) {
    const place = Math.floor(point.second / span);
    while (points.length <= place) {
      const previous = points.at(-1);
      const made = createPoint(windows, points.length * span, span);
      made.activeVus = previous?.activeVus ?? 0;
      made.plannedVus = previous?.plannedVus ?? 0;
      points.push(made);
    }
    const target = points[place];
    if (target !== undefined) addPoint(target, point);
  }
  return points;
}

function describePoint(windows: Windows, point: Point, startedAt: number): TimePoint {
  const read = (metric: string): SeriesValue | null => point.values[findTrack(windows, metric, {})] ?? null;
  const perSecond = (metric: string): number => {
    const value = read(metric);
    return value?.type === "counter" ? Math.round((value.sum / point.span) * 1_000) / 1_000 : 0;
  };
  const duration = totalOf(read("http_req_duration"));
  const failed = read("http_req_failed");
  const elapsedMs = point.second * 1_000;
  return {
    timestamp: new Date(startedAt + elapsedMs).toISOString(),
    elapsed_ms: elapsedMs,
    planned_vus: point.plannedVus,
    active_vus: point.activeVus,
    iterations_per_s: perSecond("iterations"),
    requests_per_s: perSecond("http_reqs"),
    error_rate: failed?.type === "rate" ? shareOf(failed.passes, failed.total) : null,
    errors: Object.fromEntries([...point.errors].toSorted(([left], [right]) => (left < right ? -1 : 1))),
    avg_ms: roundTo3(summaryOf(duration, "avg")),
    p50_ms: percentileOf(duration, 50),
    p90_ms: percentileOf(duration, 90),
    p95_ms: percentileOf(duration, 95),
    p99_ms: percentileOf(duration, 99),
    p95_corrected_ms: percentileOf(totalOf(read("http_req_duration_corrected")), 95),
    data_sent_per_s: perSecond("data_sent"),
    data_received_per_s: perSecond("data_received"),
  };
}

function totalOf(value: SeriesValue | null): Total | null {
  if (value === null) return null;
  const total = createTotal(value.type);
  addValue(total, value, 0);
  return total;
}
