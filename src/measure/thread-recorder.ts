import { EngineError } from "../errors.ts";
import type { SeriesDelta, SeriesKey, SeriesValue } from "../protocol/frame.ts";
import type { Clock, Masker } from "../protocol/ports.ts";
import type { MetricType } from "../protocol/workflow.ts";
import { createErrorCounts } from "./error-counts.ts";
import { Histogram } from "./histogram.ts";
import type { Measurements } from "./measurements.ts";
import type { Counter, Gauge, Rate, Recorder, Tags, Trend } from "./recorder.ts";
import { nameSeries, sortTags } from "./series-key.ts";

export interface RecorderOptions {
  /** Series of one thread, `overflow` ones apart. Default 20,000. */
  readonly maxSeries?: number;
  /** Kinds of error (code, step, message) of one thread; more are counted by code and step. Default 1,000. */
  readonly maxErrorKinds?: number;
  readonly clock: Pick<Clock, "wall">;
  /** Applied to tag values, error messages and samples. */
  readonly masker: Masker;
}

/** A recorder whose measurements are taken away at the end of each interval. */
export interface ThreadRecorder extends Recorder {
  /** What was recorded since the last cut: only series that were touched, in the order of their making. */
  cut(): Measurements;
}

/** A series being measured. `take` gives its part since the last call, null when it was not touched. */
interface OpenSeries {
  take(): SeriesValue | null;
}

class OpenCounter implements OpenSeries, Counter {
  #sum = 0;
  #touched = false;

  add(amount: number): void {
    this.#sum += amount;
    this.#touched = true;
  }

  take(): SeriesValue | null {
    if (!this.#touched) return null;
    const sum = this.#sum;
    this.#sum = 0;
    this.#touched = false;
    return { type: "counter", sum };
  }
}

class OpenGauge implements OpenSeries, Gauge {
  #value = 0;
  #min = Infinity;
  #max = -Infinity;

  set(value: number): void {
    this.#value = value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  take(): SeriesValue | null {
    if (this.#min > this.#max) return null;
    const taken: SeriesValue = { type: "gauge", value: this.#value, min: this.#min, max: this.#max };
    this.#min = Infinity;
    this.#max = -Infinity;
    return taken;
  }
}

class OpenRate implements OpenSeries, Rate {
  #passes = 0;
  #total = 0;

  add(pass: boolean): void {
    if (pass) this.#passes++;
    this.#total++;
  }

  take(): SeriesValue | null {
    if (this.#total === 0) return null;
    const taken: SeriesValue = { type: "rate", passes: this.#passes, total: this.#total };
    this.#passes = 0;
    this.#total = 0;
    return taken;
  }
}

class OpenTrend implements OpenSeries, Trend {
  readonly #histogram = new Histogram();
  /** Counted apart until the cut: of a request's phases most did not happen, and are 0. */
  #zeros = 0;

  add(value: number): void {
    if (value === 0) this.#zeros++;
    else this.#histogram.add(value);
  }

  take(): SeriesValue | null {
    if (this.#zeros > 0) this.#histogram.addZeros(this.#zeros);
    this.#zeros = 0;
    if (this.#histogram.count === 0) return null;
    const taken = this.#histogram.toTrend();
    this.#histogram.clear();
    return taken;
  }
}

type Handle = OpenCounter | OpenGauge | OpenRate | OpenTrend;

const makers = {
  counter: () => new OpenCounter(),
  gauge: () => new OpenGauge(),
  rate: () => new OpenRate(),
  trend: () => new OpenTrend(),
} as const satisfies Record<MetricType, () => Handle>;

interface Entry {
  readonly key: SeriesKey;
  readonly open: OpenSeries;
}

/** The tags of the series that takes what does not fit into the bound. */
export const overflowTags: Tags = { overflow: "true" };

/** A thread's recorder. Throws EngineError `internal_error` when a metric is asked for with two types. */
export function createRecorder(options: RecorderOptions): ThreadRecorder {
  const { maxSeries = 20_000, maxErrorKinds = 1_000, masker } = options;
  const entries: Entry[] = [];
  const handles = new Map<string, object>();
  const types = new Map<string, MetricType>();
  const errors = createErrorCounts({ maxKinds: maxErrorKinds, clock: options.clock, masker });
  let overflow: Record<string, number> = {};
  let bounded = 0;

  function open<Type extends MetricType>(type: Type, metric: string, tags: Tags): ReturnType<(typeof makers)[Type]> {
    const series = makers[type]() as ReturnType<(typeof makers)[Type]>;
    const masked = Object.fromEntries(Object.entries(tags).map(([name, value]) => [name, masker(value)]));
    entries.push({ key: { metric, type, tags: masked }, open: series });
    return series;
  }

  /** The handle of a series; beyond the bound `wrap` makes one that also counts its records as overflow. */
  function handle<Type extends MetricType, Face extends object>(
    type: Type,
    metric: string,
    tags: Tags,
    wrap: (inner: ReturnType<(typeof makers)[Type]>, count: () => void) => Face,
  ): ReturnType<(typeof makers)[Type]> | Face {
    const sorted = sortTags(tags);
    const name = nameSeries(metric, sorted);
    const known = handles.get(name);
    if (known !== undefined && types.get(metric) === type) return known as Face;
    const asked = types.get(metric) ?? type;
    if (asked !== type) {
      throw new EngineError("internal_error", `metric ${metric} is a ${asked}, it cannot be recorded as a ${type}`);
    }
    types.set(metric, type);
    if (bounded < maxSeries) {
      bounded++;
      const series = open(type, metric, sorted);
      handles.set(name, series);
      return series;
    }
    const overflowName = nameSeries(metric, overflowTags);
    const made = handles.get(overflowName);
    if (made !== undefined) return made as Face;
    const face = wrap(open(type, metric, overflowTags), () => {
      overflow[metric] = (overflow[metric] ?? 0) + 1;
    });
    handles.set(overflowName, face);
    return face;
  }

  return {
    counter: (metric, tags) =>
      handle("counter", metric, tags, (inner, count) => ({
        add(amount: number) {
          inner.add(amount);
          count();
        },
      })),
    gauge: (metric, tags) =>
      handle("gauge", metric, tags, (inner, count) => ({
        set(value: number) {
          inner.set(value);
          count();
        },
      })),
    rate: (metric, tags) =>
      handle("rate", metric, tags, (inner, count) => ({
        add(pass: boolean) {
          inner.add(pass);
          count();
        },
      })),
    trend: (metric, tags) =>
      handle("trend", metric, tags, (inner, count) => ({
        add(value: number) {
          inner.add(value);
          count();
        },
      })),
    error: errors.add,
    cut() {
      const series: SeriesDelta[] = [];
      for (const { key, open: one } of entries) {
        const taken = one.take();
        if (taken !== null) series.push({ key, ...taken });
      }
      const over = overflow;
      overflow = {};
      return { series, errors: errors.cut(), overflow: over };
    },
  };
}
