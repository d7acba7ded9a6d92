import type { ErrorDelta, SeriesKey } from "../protocol/frame.ts";
import { Histogram } from "./histogram.ts";
import { type PackedWindows, packWindows, unpackWindows } from "./pack-windows.ts";
import type { MetricTotals, Snapshot } from "./snapshot.ts";
import type { SourceTotals } from "./source-totals.ts";
import { type PackedVuSeconds, packVuSeconds, unpackVuSeconds } from "./pack-vu-seconds.ts";
import type { Total, TrendTotal } from "./totals.ts";

/** A snapshot as plain data that `structuredClone` copies: for a store, or another process. */
export interface PackedSnapshot {
  readonly metrics: readonly PackedMetric[];
  readonly errors: { readonly maxKinds: number; readonly kinds: readonly (readonly [string, ErrorDelta])[] };
  readonly windows: PackedWindows;
  readonly sources: readonly (readonly [slaveId: string, PackedSource])[];
  readonly warmUp: Snapshot["warmUp"];
  readonly overflow: readonly (readonly [metric: string, count: number])[];
  readonly vus: Snapshot["vus"];
  readonly vuSeconds: PackedVuSeconds;
  readonly testTimeMs: number;
  readonly maxSeries: number;
  readonly seriesCount: number;
  readonly scenarioOf: readonly (readonly [stepId: string, scenario: string])[];
  readonly slavePoints: number;
}

type PackedSource = Omit<SourceTotals, "windows"> & { readonly windows: PackedWindows | null };

interface PackedMetric extends Pick<MetricTotals, "name" | "type"> {
  readonly total: PackedTotal;
  readonly series: readonly (readonly [name: string, key: SeriesKey, total: PackedTotal])[];
}

type PackedTotal = Exclude<Total, TrendTotal> | PackedTrend;

interface PackedTrend {
  readonly type: "trend";
  readonly sum: bigint;
  /** The histogram's own fields, of its counts the occupied ones. */
  readonly count: number;
  readonly rounded: number;
  readonly min: number;
  readonly max: number;
  readonly base: number;
  readonly length: number;
  readonly places: Int32Array;
  readonly counts: Float64Array;
}

/** A copy of the snapshot that shares nothing that changes with it. */
export function packSnapshot(snapshot: Snapshot): PackedSnapshot {
  const { metrics, errors, windows, sources, warmUp, overflow, vus, vuSeconds, ...plain } = snapshot;
  const { testTimeMs, maxSeries, seriesCount, scenarioOf, slavePoints } = plain;
  return {
    metrics: [...metrics.values()].map(({ name, type, total, series }) => ({
      name,
      type,
      total: packTotal(total),
      series: [...series].map(([seriesName, one]) => [seriesName, one.key, packTotal(one.total)] as const),
    })),
    errors: { maxKinds: errors.maxKinds, kinds: [...errors.kinds] },
    windows: packWindows(windows),
    sources: [...sources].map(([slaveId, source]) => {
      const own = source.windows === null ? null : packWindows(source.windows);
      return [slaveId, { ...source, windows: own }] as const;
    }),
    warmUp: { ...warmUp },
    overflow: [...overflow],
    vus: { ...vus },
    vuSeconds: packVuSeconds(vuSeconds),
    testTimeMs,
    maxSeries,
    seriesCount,
    scenarioOf: [...scenarioOf],
    slavePoints,
  };
}

/** The snapshot as it was, to the bit: frames applied from here on give what they would have given there. */
export function unpackSnapshot(packed: PackedSnapshot): Snapshot {
  const { metrics, errors, windows, sources, warmUp, overflow, vus, vuSeconds, scenarioOf, ...plain } = packed;
  return {
    ...plain,
    metrics: new Map(
      metrics.map(({ name, type, total, series }) => {
        const totals = series.map(([seriesName, key, one]) => [seriesName, { key, total: unpackTotal(one) }] as const);
        return [name, { name, type, total: unpackTotal(total), series: new Map(totals) }];
      }),
    ),
    errors: { maxKinds: errors.maxKinds, kinds: new Map(errors.kinds) },
    windows: unpackWindows(windows),
    sources: new Map(
      sources.map(([slaveId, source]) => {
        const own = source.windows === null ? null : unpackWindows(source.windows);
        return [slaveId, { ...source, windows: own }];
      }),
    ),
    warmUp: { ...warmUp },
    overflow: new Map(overflow),
    vus: { ...vus },
    vuSeconds: unpackVuSeconds(vuSeconds),
    scenarioOf: new Map(scenarioOf),
  };
}

function packTotal(total: Total): PackedTotal {
  if (total.type !== "trend") return { ...total };
  const { count, sum, min, max, base, counts } = total.histogram;
  const occupied: number[] = [];
  for (let place = 0; place < counts.length; place++) if (counts[place] !== 0) occupied.push(place);
  return {
    type: "trend",
    sum: total.sum,
    count,
    rounded: sum,
    min,
    max,
    base,
    length: counts.length,
    places: Int32Array.from(occupied),
    counts: Float64Array.from(occupied, (place) => counts[place] ?? 0),
  };
}

function unpackTotal(packed: PackedTotal): Total {
  if (packed.type !== "trend") return { ...packed };
  const histogram = new Histogram();
  histogram.count = packed.count;
  histogram.sum = packed.rounded;
  histogram.min = packed.min;
  histogram.max = packed.max;
  histogram.base = packed.base;
  histogram.counts = new Float64Array(packed.length);
  packed.places.forEach((place, at) => {
    histogram.counts[place] = packed.counts[at] ?? 0;
  });
  return { type: "trend", histogram, sum: packed.sum };
}
