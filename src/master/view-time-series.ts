import { EngineError } from "../errors.ts";
import type { Snapshot } from "../measure/snapshot.ts";
import { createWindows, type Windows } from "../measure/windows.ts";
import type { TimeSeries } from "../protocol/report.ts";
import { buildTimeSeries } from "../report/time-series.ts";
import type { TimeSeriesQuery } from "./executions.ts";

/**
 * The part of a time series that is asked for: wider points are merged from the counts, not from other points. A slave
 * that has measured nothing has no points. Throws EngineError `invalid_request` for a scenario that is not there.
 */
export function viewTimeSeries(
  snapshot: Snapshot,
  names: readonly string[],
  startedAt: number | null,
  query: TimeSeriesQuery,
): TimeSeries {
  const { fromMs = 0, toMs = Number.POSITIVE_INFINITY, maxPoints = Number.POSITIVE_INFINITY } = query;
  const scenario = findScenario(snapshot, names, query.scenario);
  const windows = query.slave === undefined ? snapshot.windows : windowsOf(snapshot, query.slave);
  let leastMs = Math.max(1, query.stepMs ?? 1);
  for (;;) {
    const series = buildTimeSeries(windows, startedAt, { leastMs, scenario });
    const points = series.points.filter(({ elapsed_ms: at }) => at + series.interval_ms > fromMs && at < toMs);
    if (points.length <= maxPoints) return { interval_ms: series.interval_ms, points };
    leastMs = series.interval_ms * Math.max(2, Math.ceil(points.length / maxPoints));
  }
}

function windowsOf({ sources, windows: { tracks, scenarios } }: Snapshot, slaveId: string): Windows {
  return sources.get(slaveId)?.windows ?? createWindows(tracks, { scenarios });
}

/** undefined: all, which is also the only one there is. */
function findScenario({ windows }: Snapshot, names: readonly string[], asked: string | undefined): string | undefined {
  if (asked === undefined || (names.length === 1 && names[0] === asked)) return undefined;
  if (windows.scenarios.includes(asked)) return asked;
  const known = windows.scenarios.length > 0 ? windows.scenarios : names;
  const message = `\`scenario\` is \`${asked}\`; there is a time series of ${known.join(", ")}`;
  throw new EngineError("invalid_request", message);
}
