import type {
  ErrorDelta,
  ErrorSample,
  Frame,
  FrameGap,
  HaltedVus,
  SeriesDelta,
  SeriesKey,
  SeriesValue,
  VuCount,
} from "./frame.ts";
import { linkLimits } from "./link.ts";
import {
  type Check,
  demand,
  fields,
  flag,
  list,
  Misfit,
  oneOf,
  optional,
  orNull,
  readObject,
  real,
  table,
  text,
  whole,
} from "./link-check.ts";
import type { IndexRun } from "./plan.ts";

const signed = whole(Number.MIN_SAFE_INTEGER);
const anySize = real(-Number.MAX_SAFE_INTEGER);
const count = whole();
const positive = whole(1);

const seriesKey: Check<SeriesKey> = fields<SeriesKey>({
  metric: text(),
  type: oneOf("counter", "gauge", "rate", "trend"),
  tags: table(text(), linkLimits.tagsPerSeries),
});

const counter = fields<{ sum: number }>({ sum: real() });
const gauge = fields<{ value: number; min: number; max: number }>({ value: anySize, min: anySize, max: anySize });
const rate = fields<{ passes: number; total: number }>({ passes: count, total: positive });
const trend = fields<{ count: number; sum: number; min: number; max: number }>({
  count: positive,
  sum: signed,
  min: signed,
  max: signed,
});

/** A series whose numbers are possible: what is merged can no longer be told apart. */
const series: Check<SeriesDelta> = (value) => {
  const source = readObject(value);
  const key = seriesKey(source.key);
  demand(source.type === key.type, "has another type than its key");
  return { key, ...readValue(key, value, source) };
};

function readValue(key: SeriesKey, value: unknown, source: Readonly<Record<string, unknown>>): SeriesValue {
  switch (key.type) {
    case "counter":
      return { type: "counter", ...counter(value) };
    case "gauge": {
      const read = gauge(value);
      demand(read.min <= read.value && read.value <= read.max, "has a value outside of its min and max");
      return { type: "gauge", ...read };
    }
    case "rate": {
      const read = rate(value);
      demand(read.passes <= read.total, "has more passes than there were");
      return { type: "rate", ...read };
    }
    case "trend":
      return readTrend(value, source);
    default:
      return key.type satisfies never;
  }
}

/** Products of counts and values lose digits beyond 2^53. */
const slack = 1e-9;

function readTrend(value: unknown, source: Readonly<Record<string, unknown>>): SeriesValue {
  const read = trend(value);
  const { buckets, counts } = source;
  if (!Array.isArray(buckets) || !Array.isArray(counts) || buckets.length !== counts.length) {
    throw new Misfit("takes buckets and as many counts");
  }
  demand(buckets.length > 0 && buckets.length <= 2 * linkLimits.largestBucket + 1, "has too few or too many buckets");
  const bucketArray = new Int32Array(buckets.length);
  const countArray = new Uint32Array(counts.length);
  let before = -linkLimits.largestBucket - 1;
  let total = 0;
  for (let at = 0; at < buckets.length; at++) {
    const bucket: unknown = buckets[at];
    const amount: unknown = counts[at];
    if (!isWhole(bucket, before + 1, linkLimits.largestBucket)) throw new Misfit("takes ascending, known buckets");
    if (!isWhole(amount, 1, 0xffff_ffff)) throw new Misfit("takes counts of 1 to 2^32 - 1");
    bucketArray[at] = bucket;
    countArray[at] = amount;
    before = bucket;
    total += amount;
  }
  demand(total === read.count, "has counts that do not sum up to its count");
  const spare = slack * Math.max(Math.abs(read.sum), 1);
  demand(
    read.min <= read.max && read.sum >= read.count * read.min - spare && read.sum <= read.count * read.max + spare,
    "has a sum that its count, min and max do not allow",
  );
  return { type: "trend", ...read, buckets: bucketArray, counts: countArray };
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

const sample: Check<ErrorSample> = fields<ErrorSample>({
  time: real(),
  url: text(),
  status: whole(0, 999),
  body: text(),
});

const error: Check<ErrorDelta> = fields<ErrorDelta>({
  code: text(),
  stepId: text(),
  message: text(),
  count: positive,
  firstSeen: real(),
  lastSeen: real(),
  sample: orNull(sample),
});

const vuCount: Check<VuCount> = fields<VuCount>({
  scenario: text(),
  active: count,
  most: count,
  allocated: count,
  planned: real(),
  iterations: count,
});

/** An inclusive run of indices. */
export const indexRun: Check<IndexRun> = (value) => {
  const read = fields<IndexRun>({ from: positive, to: positive, step: positive })(value);
  if (read.from > read.to) throw new Misfit("ends before it begins");
  return read;
};

const haltedVus: Check<HaltedVus> = fields<HaltedVus>({ scenario: text(), begun: positive, vus: list(indexRun) });

const frame: Check<Frame> = fields<Frame>({
  number: positive,
  second: whole(0, 1e10),
  testTimeMs: real(),
  warmUp: flag,
  series: list(series, linkLimits.seriesPerFrame),
  errors: list(error, linkLimits.errorsPerFrame),
  vus: list(vuCount),
  halted: optional(list(haltedVus)),
  overflow: table(count),
  generator: fields<Frame["generator"]>({ cpu: real(0, 1), eventLoopLagMs: real(), memory: real() }),
  gap: optional(fields<FrameGap>({ after: count, told: table(count) })),
});

/** A frame of which nothing can throw or poison a sum where it is merged. */
export const checkFrame: Check<Frame> = (value) => {
  const read = frame(value);
  if (read.gap === undefined) return read;
  demand(read.gap.after < read.number, "stands for no frame");
  demand(read.series.length + read.errors.length + read.vus.length === 0, "stands for others and has measured itself");
  return read;
};

/** A frame as JSON can hold it: typed arrays as plain ones. */
export function writeFrame(frame: Frame): object {
  return {
    ...frame,
    series: frame.series.map((delta) =>
      delta.type === "trend"
        ? { ...delta, buckets: Array.from(delta.buckets), counts: Array.from(delta.counts) }
        : delta,
    ),
  };
}
