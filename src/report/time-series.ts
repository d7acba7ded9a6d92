import type { SeriesValue } from "../protocol/frame.ts";
import type { Tags } from "../measure/recorder.ts";
import { addValue, createTotal, type Total } from "../measure/totals.ts";
import { addPoint, allPoints, createPoint, findTrack, type Point, type Windows } from "../measure/windows.ts";
import type { TimePoint, TimeSeries } from "../protocol/report.ts";
import { percentileOf, roundTo3, shareOf, summaryOf } from "./numbers.ts";

export interface TimeSeriesView {
  /** The steps are at least so wide. Default: as they were kept. */
  readonly leastMs?: number;
  /** One of `Windows.scenarios` alone. Default: all. */
  readonly scenario?: string;
}

/**
 * What happened by time, in even steps: a second each while the run is short enough, longer ones for all of it after.
 * `startedAt`: epoch ms; null: nothing has started.
 */
export function buildTimeSeries(windows: Windows, startedAt: number | null, view: TimeSeriesView = {}): TimeSeries {
  const { leastMs = 1_000, scenario } = view;
  const kept = windows.coarse.length === 0 ? 1 : windows.coarseSpan;
  const span = kept * Math.max(1, Math.ceil(leastMs / 1_000 / kept));
  const points = startedAt === null ? [] : spread(windows, span);
  const tags: Tags = scenario === undefined ? {} : { scenario };
  const part = scenario === undefined ? 0 : windows.scenarios.indexOf(scenario) + 1;
  return {
    interval_ms: span * 1_000,
    points: points.map((point) => describePoint(windows, point, { startedAt: startedAt ?? 0, tags, part })),
  };
}

/** Points of the same span from the first second on, empty ones where nothing was heard. */
function spread(windows: Windows, span: number): Point[] {
  const points: Point[] = [];
  for (const point of allPoints(windows)) {
    const place = Math.floor(point.second / span);
    while (points.length <= place) {
      const previous = points.at(-1);
      const made = createPoint(windows, points.length * span, span);
      made.parts.forEach((part, at) => {
        part.activeVus = previous?.parts[at]?.activeVus ?? 0;
        part.plannedVus = previous?.parts[at]?.plannedVus ?? 0;
      });
      points.push(made);
    }
    const target = points[place];
    if (target !== undefined) addPoint(target, point);
  }
  return points;
}

interface ShownPart {
  readonly startedAt: number;
  readonly tags: Tags;
  readonly part: number;
}

function describePoint(windows: Windows, point: Point, { startedAt, tags, part }: ShownPart): TimePoint {
  const read = (metric: string): SeriesValue | null => point.values[findTrack(windows, metric, tags)] ?? null;
  const perSecond = (metric: string): number => {
    const value = read(metric);
    return value?.type === "counter" ? Math.round((value.sum / point.span) * 1_000) / 1_000 : 0;
  };
  const duration = totalOf(read("http_req_duration"));
  const failed = read("http_req_failed");
  const elapsedMs = point.second * 1_000;
  const shown = point.parts[part];
  return {
    timestamp: new Date(startedAt + elapsedMs).toISOString(),
    elapsed_ms: elapsedMs,
    planned_vus: shown?.plannedVus ?? 0,
    active_vus: shown?.activeVus ?? 0,
    iterations_per_s: perSecond("iterations"),
    requests_per_s: perSecond("http_reqs"),
    error_rate: failed?.type === "rate" ? shareOf(failed.passes, failed.total) : null,
    errors: Object.fromEntries([...(shown?.errors ?? [])].toSorted(([left], [right]) => (left < right ? -1 : 1))),
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
