import type { Frame, SeriesDelta, SeriesKey, VuCount } from "../protocol/frame.ts";
import type { MetricType } from "../protocol/workflow.ts";
import { addErrorTotals, createErrorTotals, type ErrorTotals } from "./error-totals.ts";
import { type KeptOptions, listKeptScenarios, listTracks, mapSteps } from "./kept-by-time.ts";
import type { Tags } from "./recorder.ts";
import { hasTags, nameSeries } from "./series-key.ts";
import { addSample, createSourceTotals, type SourceTotals } from "./source-totals.ts";
import { overflowTags } from "./thread-recorder.ts";
import { addTotal, addValue, createTotal, type Total } from "./totals.ts";
import { countSeconds, createVuSeconds, readGauges, reportVus, type VuSeconds } from "./vu-seconds.ts";
import {
  addErrors,
  addToTracks,
  createWindows,
  narrowWindows,
  type Point,
  pointAt,
  setInTracks,
  setVus,
  type WindowOptions,
  type Windows,
} from "./windows.ts";

/** All that was measured in an execution so far, merged. Bounded by series and windows, not by time. */
export interface Snapshot {
  readonly metrics: Map<string, MetricTotals>;
  readonly errors: ErrorTotals;
  readonly windows: Windows;
  /** By slave id. */
  readonly sources: Map<string, SourceTotals>;
  /** Counts of warm-up, which are in nothing else. */
  readonly warmUp: { httpReqs: number; iterations: number /** Test time at its end. */; endMs: number };
  /** Records that went to `overflow` series, by metric. */
  readonly overflow: Map<string, number>;
  readonly vus: VuTotals;
  readonly vuSeconds: VuSeconds;
  /** The furthest test time that a frame brought, ms. */
  testTimeMs: number;
  readonly maxSeries: number;
  seriesCount: number;
  /** By step id: the scenario that its errors are counted for. */
  readonly scenarioOf: ReadonlyMap<string, string>;
  /** Points that are kept of all slaves' own time series together; 0: none. */
  readonly slavePoints: number;
}

/** A metric over all its series, and each series. */
export interface MetricTotals {
  readonly name: string;
  readonly type: MetricType;
  readonly total: Total;
  readonly series: Map<string, SeriesTotal>;
}

export interface SeriesTotal {
  readonly key: SeriesKey;
  readonly total: Total;
}

/** VUs of all sources and scenarios, by their latest frames. */
export interface VuTotals {
  active: number;
  allocated: number;
  planned: number;
}

export interface SnapshotOptions extends KeptOptions {
  /** Default 50,000. */
  readonly maxSeries?: number;
  /** Default 1,000. */
  readonly maxErrorKinds?: number;
  readonly windows?: WindowOptions;
  /** Of each slave's own time series, all together: with more slaves, or more time, they get wider points. Default 0. */
  readonly slavePoints?: number;
}

/** A snapshot of nothing. A `Workflow` fits as its options. */
export function createSnapshot(options: SnapshotOptions): Snapshot {
  return {
    metrics: new Map(),
    errors: createErrorTotals(options.maxErrorKinds ?? 1_000),
    windows: createWindows(listTracks(options), {
      scenarios: listKeptScenarios(options),
      ...options.windows,
    }),
    sources: new Map(),
    warmUp: { httpReqs: 0, iterations: 0, endMs: 0 },
    overflow: new Map(),
    vus: { active: 0, allocated: 0, planned: 0 },
    vuSeconds: createVuSeconds(),
    testTimeMs: 0,
    maxSeries: options.maxSeries ?? 50_000,
    seriesCount: 0,
    scenarioOf: mapSteps(options),
    slavePoints: options.slavePoints ?? 0,
  };
}

/** Adds a frame of a slave. The caller sees to it that each frame comes here once. */
export function applyFrame(snapshot: Snapshot, slaveId: string, frame: Frame): void {
  snapshot.testTimeMs = Math.max(snapshot.testTimeMs, frame.testTimeMs);
  const source = findSource(snapshot, slaveId);
  addSample(source, frame);
  sumVus(snapshot);
  const { report, earliest } = reportVus(snapshot.vuSeconds, source.report, frame);
  source.report = report;
  const { windows } = snapshot;
  const point = pointAt(windows, frame.second);
  noteMoment(windows, point, frame, listVus(snapshot));
  const own = source.windows === null ? null : pointAt(source.windows, frame.second);
  if (source.windows !== null && own !== null) noteMoment(source.windows, own, frame, source.vus);
  countVus(snapshot, earliest);
  if (frame.warmUp) {
    snapshot.warmUp.endMs = Math.max(snapshot.warmUp.endMs, frame.testTimeMs);
    snapshot.warmUp.httpReqs += countOf(frame.series, "http_reqs");
    snapshot.warmUp.iterations += countOf(frame.series, "iterations");
    return;
  }
  for (const delta of frame.series) {
    addDelta(snapshot, delta, frame.second);
    addToTracks(windows, point, delta);
  }
  source.iterations += countOf(frame.series, "iterations");
  addErrorTotals(snapshot.errors, frame.errors);
  const scenarioOf = (stepId: string) => snapshot.scenarioOf.get(stepId);
  addErrors(windows, point, frame.errors, scenarioOf);
  if (source.windows !== null && own !== null) {
    for (const delta of frame.series) addToTracks(source.windows, own, delta);
    addErrors(source.windows, own, frame.errors, scenarioOf);
  }
  for (const [metric, count] of Object.entries(frame.overflow)) addOverflow(snapshot, metric, count);
}

/** Adds what no slave measured, in the last second that is known. */
export function addSeries(snapshot: Snapshot, series: readonly SeriesDelta[]): void {
  const second = Math.floor(snapshot.testTimeMs / 1_000);
  for (const delta of series) addDelta(snapshot, delta, second);
}

/** A slave took part, whether or not it ever says what it measured. */
export function noteSource(snapshot: Snapshot, slaveId: string): void {
  findSource(snapshot, slaveId);
}

/** A slave has no VUs any more: it was given up, and its last frame said otherwise. */
export function forgetVus(snapshot: Snapshot, slaveId: string): void {
  changeVus(snapshot, slaveId, () => []);
  const source = snapshot.sources.get(slaveId);
  if (source === undefined) return;
  source.report = null;
  countVus(snapshot, Infinity);
}

/** The VUs of a slave are not what its last frame said any more. */
export function changeVus(
  snapshot: Snapshot,
  slaveId: string,
  change: (counts: readonly VuCount[]) => readonly VuCount[],
): void {
  const source = snapshot.sources.get(slaveId);
  if (source === undefined) return;
  source.vus = change(source.vus);
  sumVus(snapshot);
}

/** The total of a metric, or of those of its series that carry all the tags; null: nothing was measured. */
export function totalOf(snapshot: Snapshot, metric: string, tags: Tags = {}): Total | null {
  const found = snapshot.metrics.get(metric);
  if (found === undefined) return null;
  if (Object.keys(tags).length === 0) return found.total;
  const total = createTotal(found.type);
  let matched = false;
  for (const series of found.series.values()) {
    if (!hasTags(series.key, tags)) continue;
    addTotal(total, series.total);
    matched = true;
  }
  return matched ? total : null;
}

function addDelta(snapshot: Snapshot, delta: SeriesDelta, second: number): void {
  const metric = findMetric(snapshot, delta.key);
  // A gauge over all its series is no sum; VUs set theirs themselves.
  addValue(metric.total, delta, second);
  addValue(findSeries(snapshot, metric, delta).total, delta, second);
}

function findMetric({ metrics }: Snapshot, { metric: name, type }: SeriesKey): MetricTotals {
  const known = metrics.get(name);
  if (known !== undefined) return known;
  const made: MetricTotals = { name, type, total: createTotal(type), series: new Map() };
  metrics.set(name, made);
  return made;
}

function findSeries(snapshot: Snapshot, metric: MetricTotals, delta: SeriesDelta): SeriesTotal {
  const { key } = delta;
  const name = nameSeries(key.metric, key.tags);
  const known = metric.series.get(name);
  if (known !== undefined) return known;
  const over = snapshot.seriesCount >= snapshot.maxSeries;
  const tags = over ? overflowTags : key.tags;
  if (over) {
    addOverflow(snapshot, key.metric, recordsOf(delta));
    const shared = metric.series.get(nameSeries(key.metric, tags));
    if (shared !== undefined) return shared;
  }
  const made: SeriesTotal = { key: { metric: key.metric, type: key.type, tags }, total: createTotal(key.type) };
  metric.series.set(nameSeries(key.metric, tags), made);
  snapshot.seriesCount++;
  return made;
}

function findSource(snapshot: Snapshot, slaveId: string): SourceTotals {
  const known = snapshot.sources.get(slaveId);
  if (known !== undefined) return known;
  const { sources, slavePoints, windows } = snapshot;
  const { tracks, scenarios } = windows;
  const maxPoints = Math.floor(slavePoints / (sources.size + 1) / (1 + scenarios.length));
  for (const source of sources.values()) if (source.windows !== null) narrowWindows(source.windows, maxPoints);
  const options = { fineSeconds: 0, coarseSpan: 1, maxPoints, scenarios };
  const made = createSourceTotals(slavePoints === 0 ? null : createWindows(tracks, options));
  sources.set(slaveId, made);
  return made;
}

function noteMoment(windows: Windows, point: Point, { testTimeMs }: Frame, vus: Iterable<VuCount>): void {
  point.testTimeMs = Math.max(point.testTimeMs, testTimeMs);
  setVus(windows, point, vus);
}

function* listVus({ sources }: Snapshot): Iterable<VuCount> {
  for (const source of sources.values()) yield* source.vus;
}

function sumVus({ vus, sources }: Snapshot): void {
  vus.active = 0;
  vus.allocated = 0;
  vus.planned = 0;
  for (const source of sources.values()) {
    for (const count of source.vus) {
      vus.active += count.active;
      vus.allocated += count.allocated;
      vus.planned += count.planned;
    }
  }
}

/** Takes the seconds into the gauges `vus` and `vus_max` that all sources have told of now. */
function countVus(snapshot: Snapshot, earliest: number): void {
  const { vuSeconds, windows, sources } = snapshot;
  const reports = [...sources.values()].map(({ report }) => report);
  for (const { second, gauges } of countSeconds(vuSeconds, reports, earliest)) {
    for (const delta of gauges) setInTracks(windows, pointAt(windows, second), delta);
  }
  for (const { key, total } of readGauges(vuSeconds)) {
    const metric = findMetric(snapshot, key);
    Object.assign(metric.total, total);
    Object.assign(findSeries(snapshot, metric, { key, ...total }).total, total);
  }
}

function countOf(series: readonly SeriesDelta[], metric: string): number {
  let sum = 0;
  for (const delta of series) if (delta.type === "counter" && delta.key.metric === metric) sum += delta.sum;
  return sum;
}

/** How many records a delta holds; of counters and gauges it is not known: one. */
function recordsOf(delta: SeriesDelta): number {
  return delta.type === "trend" ? delta.count : delta.type === "rate" ? delta.total : 1;
}

function addOverflow(snapshot: Snapshot, metric: string, count: number): void {
  snapshot.overflow.set(metric, (snapshot.overflow.get(metric) ?? 0) + count);
}
