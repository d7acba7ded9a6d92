import type { Snapshot } from "../measure/snapshot.ts";
import type { TimeSeries } from "../protocol/report.ts";
import { buildTimeSeries } from "../report/time-series.ts";
import type { TimeSeriesQuery } from "./executions.ts";

/** The part of a time series that is asked for: wider points are merged from the counts, not from other points. */
export function viewTimeSeries(snapshot: Snapshot, startedAt: number | null, query: TimeSeriesQuery): TimeSeries {
  const { fromMs = 0, toMs = Number.POSITIVE_INFINITY, maxPoints = Number.POSITIVE_INFINITY } = query;
  let leastMs = Math.max(1, query.stepMs ?? 1);
  for (;;) {
    const series = buildTimeSeries(snapshot, startedAt, leastMs);
    const points = series.points.filter(({ elapsed_ms: at }) => at + series.interval_ms > fromMs && at < toMs);
    if (points.length <= maxPoints) return { interval_ms: series.interval_ms, points };
    leastMs = series.interval_ms * Math.max(2, Math.ceil(points.length / maxPoints));
  }
}
