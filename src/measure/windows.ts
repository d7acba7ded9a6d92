import type { ErrorDelta, SeriesDelta, SeriesValue, VuCount } from "../protocol/frame.ts";
import type { MetricType } from "../protocol/workflow.ts";
import { mergeValues } from "./merge.ts";
import type { Tags } from "./recorder.ts";
import { hasTags } from "./series-key.ts";
import { type Total, addValue, createTotal } from "./totals.ts";

/** Series that are kept second by second, as one: those of the metric that carry the tags. */
export interface Track {
  readonly metric: string;
  readonly type: MetricType;
  readonly tags: Tags;
}

/** What happened in `span` seconds from `second` on. */
export interface Point {
  readonly second: number;
  readonly span: number;
  /** Test time at its end. */
  testTimeMs: number;
  /** One per track; null: nothing was measured. */
  readonly values: (SeriesValue | null)[];
  /** By part: all, then each scenario of `Windows.scenarios`. */
  readonly parts: readonly PointPart[];
}

/** What of a point is in no track. */
export interface PointPart {
  /** Errors by code. */
  readonly errors: Map<string, number>;
  /** At its end. */
  activeVus: number;
  plannedVus: number;
}

export interface WindowOptions {
  /** So many latest seconds are kept one by one; 0: all points are of one width. Default 3,600. */
  readonly fineSeconds?: number;
  /** The span of older points at first; it doubles when they become too many. Default 10. */
  readonly coarseSpan?: number;
  /** Points kept at most, fine and coarse. Default 10,000. */
  readonly maxPoints?: number;
  /** Those whose part is kept apart. Default: none. */
  readonly scenarios?: readonly string[];
}

/** What was measured by time, in bounded memory: old seconds roll up into longer spans, without losing a count. */
export interface Windows {
  readonly tracks: readonly Track[];
  /** The span of the older points. */
  coarseSpan: number;
  /** Older points, ascending, each starting at a multiple of `coarseSpan`; all before `fineFrom`. */
  coarse: Point[];
  /** Seconds before this one are in `coarse`. */
  fineFrom: number;
  /** Points of one second, ascending. */
  fine: Point[];
  readonly fineSeconds: number;
  maxPoints: number;
  readonly scenarios: readonly string[];
}

/** Windows with nothing in them. */
export function createWindows(tracks: readonly Track[], options: WindowOptions = {}): Windows {
  const { fineSeconds = 3_600, coarseSpan = 10, maxPoints = 10_000, scenarios = [] } = options;
  return { tracks, coarseSpan, coarse: [], fineFrom: 0, fine: [], fineSeconds, maxPoints, scenarios };
}

/** The point that a second belongs to, made where it is missing. Older seconds roll up when time goes on. */
export function pointAt(windows: Windows, second: number): Point {
  if (windows.fineSeconds === 0) keepWithin(windows);
  else rollUp(windows, second);
  const isFine = windows.fineSeconds > 0 && second >= windows.fineFrom;
  return isFine
    ? findOrMake(windows, windows.fine, second, 1)
    : findOrMake(windows, windows.coarse, second, windows.coarseSpan);
}

/** Adds a series' value to every track it belongs to. */
export function addToTracks(windows: Windows, point: Point, delta: SeriesDelta): void {
  for (let place = 0; place < windows.tracks.length; place++) {
    const track = windows.tracks[place];
    if (track === undefined || track.metric !== delta.key.metric || !hasTags(delta.key, track.tags)) continue;
    const known = point.values[place] ?? null;
    point.values[place] = known === null ? delta : mergeValues(known, delta);
  }
}

/** Puts a second's gauge into every track it belongs to, in place of what stood there for this second. */
export function setInTracks(windows: Windows, point: Point, delta: SeriesDelta): void {
  if (point.span === 1) {
    windows.tracks.forEach(({ metric }, place) => {
      if (metric === delta.key.metric) point.values[place] = null;
    });
  }
  addToTracks(windows, point, delta);
}

/** Counts errors of a point by their code. `scenarioOf` a step's id; undefined: of none that is known. */
export function addErrors(
  { scenarios }: Windows,
  point: Point,
  errors: readonly ErrorDelta[],
  scenarioOf: (stepId: string) => string | undefined,
): void {
  for (const { code, count, stepId } of errors) {
    addError(point.parts[0], code, count);
    if (scenarios.length > 0) addError(findPart(point, scenarios, scenarioOf(stepId)), code, count);
  }
}

/** Notes the VUs at the point's end, in place of what it knew. */
export function setVus({ scenarios }: Windows, point: Point, counts: Iterable<VuCount>): void {
  for (const part of point.parts) {
    part.activeVus = 0;
    part.plannedVus = 0;
  }
  for (const { scenario, active, planned } of counts) {
    addVus(point.parts[0], active, planned);
    if (scenarios.length > 0) addVus(findPart(point, scenarios, scenario), active, planned);
  }
}

/** Keeps fewer points from now on; their counts stay. */
export function narrowWindows(windows: Windows, maxPoints: number): void {
  windows.maxPoints = maxPoints;
  keepWithin(windows);
}

/** A track's total over the points that ended after `testTimeMs`; null: there is no such track. */
export function totalSince(windows: Windows, metric: string, tags: Tags, testTimeMs: number): Total | null {
  const place = findTrack(windows, metric, tags);
  const track = windows.tracks[place];
  if (track === undefined) return null;
  const total = createTotal(track.type);
  for (const points of [windows.coarse, windows.fine]) {
    for (const point of points) {
      const value = point.values[place] ?? null;
      if (value !== null && point.testTimeMs > testTimeMs) addValue(total, value, point.second);
    }
  }
  return total;
}

/** The place of a track in every point's values; -1: not kept. */
export function findTrack(windows: Windows, metric: string, tags: Tags): number {
  const wanted = Object.keys(tags).length;
  return windows.tracks.findIndex(
    (track) => track.metric === metric && Object.keys(track.tags).length === wanted && hasTags(track, tags),
  );
}

/** All points, ascending. */
export function allPoints(windows: Windows): readonly Point[] {
  return [...windows.coarse, ...windows.fine];
}

/** Adds what a later or finer point holds to a longer one. */
export function addPoint(target: Point, source: Point): void {
  for (let place = 0; place < source.values.length; place++) {
    const value = source.values[place] ?? null;
    if (value === null) continue;
    const known = target.values[place] ?? null;
    target.values[place] = known === null ? value : mergeValues(known, value);
  }
  const isLater = source.testTimeMs >= target.testTimeMs;
  if (isLater) target.testTimeMs = source.testTimeMs;
  target.parts.forEach((part, at) => {
    const other = source.parts[at];
    if (other === undefined) return;
    for (const [code, count] of other.errors) addError(part, code, count);
    if (!isLater) return;
    part.activeVus = other.activeVus;
    part.plannedVus = other.plannedVus;
  });
}

/** A point with nothing in it. */
export function createPoint(windows: Windows, second: number, span: number): Point {
  return {
    second,
    span,
    testTimeMs: 0,
    values: windows.tracks.map(() => null),
    parts: ["", ...windows.scenarios].map(() => ({ errors: new Map(), activeVus: 0, plannedVus: 0 })),
  };
}

function findPart(point: Point, scenarios: readonly string[], scenario: string | undefined): PointPart | undefined {
  const place = scenario === undefined ? -1 : scenarios.indexOf(scenario);
  return place === -1 ? undefined : point.parts[place + 1];
}

function addError(part: PointPart | undefined, code: string, count: number): void {
  part?.errors.set(code, (part.errors.get(code) ?? 0) + count);
}

function addVus(part: PointPart | undefined, active: number, planned: number): void {
  if (part === undefined) return;
  part.activeVus += active;
  part.plannedVus += planned;
}

function findOrMake(windows: Windows, points: Point[], second: number, span: number): Point {
  const start = Math.floor(second / span) * span;
  let at = points.length;
  while (at > 0 && (points[at - 1]?.second ?? 0) > start) at--;
  const known = points[at - 1];
  if (known !== undefined && known.second === start) return known;
  const made = createPoint(windows, start, span);
  points.splice(at, 0, made);
  return made;
}

function rollUp(windows: Windows, latest: number): void {
  const { coarseSpan } = windows;
  const fineFrom = Math.floor((latest + 1 - windows.fineSeconds) / coarseSpan) * coarseSpan;
  if (fineFrom <= windows.fineFrom) return;
  windows.fineFrom = fineFrom;
  const kept = windows.fine.findIndex(({ second }) => second >= fineFrom);
  for (const point of windows.fine.splice(0, kept === -1 ? windows.fine.length : kept)) {
    addPoint(findOrMake(windows, windows.coarse, point.second, coarseSpan), point);
  }
  keepWithin(windows);
}

function keepWithin(windows: Windows): void {
  const { fineSeconds, maxPoints } = windows;
  // Fine ones roll up a whole older point at a time; without them there is room for the one that comes.
  const kept = () => (fineSeconds === 0 ? 1 : fineSeconds + windows.coarseSpan);
  while (windows.coarse.length + kept() > maxPoints && windows.coarse.length > 1) widen(windows);
}

/** Doubles the span of the older points. */
function widen(windows: Windows): void {
  windows.coarseSpan *= 2;
  const points = windows.coarse;
  windows.coarse = [];
  for (const point of points) {
    addPoint(findOrMake(windows, windows.coarse, point.second, windows.coarseSpan), point);
  }
}
