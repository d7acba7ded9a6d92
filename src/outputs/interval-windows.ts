import { mergeValues } from "../measure/merge.ts";
import { nameSeries } from "../measure/series-key.ts";
import { overflowTags } from "../measure/thread-recorder.ts";
import type { Frame, SeriesDelta } from "../protocol/frame.ts";

/** What all sources measured in an interval. */
export interface IntervalWindow {
  /** From this second on, counted from the start. */
  readonly second: number;
  /** 0; or it adds to an interval that was given out before, for the n-th time. */
  readonly late: number;
  readonly series: readonly SeriesDelta[];
}

/** The windows as plain data that `structuredClone` takes. */
export interface PackedIntervals {
  readonly through: number;
  readonly lates: number;
  readonly sources: readonly (readonly [source: string, second: number])[];
  readonly open: readonly IntervalWindow[];
}

/** Merges frames by interval, and gives an interval out once every source is beyond it. Bounded by series and sources. */
export interface IntervalWindows {
  add(source: string, frame: Pick<Frame, "second" | "series">): void;
  /** A series that no source measured, in the latest interval. */
  addSeries(delta: SeriesDelta): void;
  /** Those that are complete, or too old to be waited for; `all`: every one. Oldest first. */
  take(all: boolean): IntervalWindow[];
  pack(): PackedIntervals;
}

interface OpenWindow {
  readonly late: number;
  readonly series: Map<string, SeriesDelta>;
}

/** Nobody is waited for longer than so many seconds of those who go on. */
const patienceSeconds = 5;
const mostSeries = 50_000;

/** Intervals of so many whole seconds; after a restart they go on from what was packed. */
export function createIntervalWindows(spanSeconds: number, packed: PackedIntervals | null = null): IntervalWindows {
  const sources = new Map<string, number>(packed?.sources);
  /** By the second they begin at. */
  const open = new Map<number, OpenWindow>();
  /** Additions to what was given out. */
  const lates = new Map<number, OpenWindow>();
  let through = packed?.through ?? 0;
  let lateCount = packed?.lates ?? 0;
  let latest = 0;

  const findWindow = (second: number): OpenWindow => {
    const start = Math.floor(second / spanSeconds) * spanSeconds;
    const isLate = start < through;
    const windows = isLate ? lates : open;
    let window = windows.get(start);
    if (window === undefined) {
      window = { late: isLate ? ++lateCount : 0, series: new Map() };
      windows.set(start, window);
    }
    return window;
  };
  const addTo = ({ series }: OpenWindow, delta: SeriesDelta): void => {
    const { metric, tags, type } = delta.key;
    const name = nameSeries(metric, tags);
    const known = series.get(name);
    if (known !== undefined) {
      const later = delta.type === "gauge" ? { value: delta.value } : {};
      series.set(name, { key: known.key, ...mergeValues(known, delta), ...later });
    } else if (series.size < mostSeries) series.set(name, delta);
    else {
      const shared = nameSeries(metric, overflowTags);
      const before = series.get(shared);
      const key = { metric, type, tags: overflowTags };
      series.set(shared, before === undefined ? { ...delta, key } : { key, ...mergeValues(before, delta) });
    }
  };
  const giveOut = (windows: Map<number, OpenWindow>, until: number): IntervalWindow[] => {
    const ready = [...windows].filter(([second]) => second + spanSeconds <= until);
    for (const [second] of ready) windows.delete(second);
    return ready
      .toSorted(([left], [right]) => left - right)
      .map(([second, { late, series }]) => ({ second, late, series: [...series.values()] }))
      .filter(({ series }) => series.length > 0);
  };

  for (const { second, late, series } of packed?.open ?? []) {
    const window = { late, series: new Map<string, SeriesDelta>() };
    (late > 0 ? lates : open).set(second, window);
    for (const delta of series) addTo(window, delta);
  }

  return {
    add(source, { second, series }) {
      sources.set(source, Math.max(sources.get(source) ?? 0, second));
      latest = Math.max(latest, second);
      const window = findWindow(second);
      for (const delta of series) addTo(window, delta);
    },
    addSeries: (delta) => addTo(findWindow(Math.max(latest, through)), delta),
    take(all) {
      for (const [source, second] of sources) if (second < latest - patienceSeconds) sources.delete(source);
      const slowest = Math.min(...sources.values());
      const until = all ? Infinity : Math.max(slowest, latest - patienceSeconds);
      const late = giveOut(lates, Infinity);
      const complete = Number.isFinite(until) || all ? giveOut(open, until) : [];
      if (Number.isFinite(until)) through = Math.max(through, Math.floor(until / spanSeconds) * spanSeconds);
      return [...late, ...complete];
    },
    pack: () => ({
      through,
      lates: lateCount,
      sources: [...sources],
      open: [...open, ...lates].map(([second, { late, series }]) => ({ second, late, series: [...series.values()] })),
    }),
  };
}
