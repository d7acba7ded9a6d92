import snappy from "snappyjs";
import type { OutputSpec } from "../protocol/output.ts";
import { countByBounds } from "./histogram-bounds.ts";
import { makeNativeHistogram, type NativeHistogram } from "./native-histogram.ts";
import type { OpenOutput, OutputPoint } from "./output.ts";
import { bearer, createPoster, splitLogin } from "./post.ts";
import { findMessage } from "./protobuf.ts";

interface Label {
  readonly name: string;
  readonly value: string;
}

interface TimeSeries {
  readonly labels: readonly Label[];
  readonly samples?: readonly { readonly value: number; readonly timestamp: number }[];
  readonly histograms?: readonly NativeHistogram[];
}

const writeRequest = findMessage(
  {
    nested: {
      WriteRequest: { fields: { timeseries: { rule: "repeated", type: "TimeSeries", id: 1 } } },
      TimeSeries: {
        fields: {
          labels: { rule: "repeated", type: "Label", id: 1 },
          samples: { rule: "repeated", type: "Sample", id: 2 },
          histograms: { rule: "repeated", type: "Histogram", id: 4 },
        },
      },
      Label: { fields: { name: { type: "string", id: 1 }, value: { type: "string", id: 2 } } },
      Sample: { fields: { value: { type: "double", id: 1 }, timestamp: { type: "int64", id: 2 } } },
      Histogram: {
        oneofs: { count: { oneof: ["countInt"] }, zeroCount: { oneof: ["zeroCountInt"] } },
        fields: {
          countInt: { type: "uint64", id: 1 },
          sum: { type: "double", id: 3 },
          schema: { type: "sint32", id: 4 },
          zeroThreshold: { type: "double", id: 5 },
          zeroCountInt: { type: "uint64", id: 6 },
          negativeSpans: { rule: "repeated", type: "BucketSpan", id: 8 },
          negativeDeltas: { rule: "repeated", type: "sint64", id: 9 },
          positiveSpans: { rule: "repeated", type: "BucketSpan", id: 11 },
          positiveDeltas: { rule: "repeated", type: "sint64", id: 12 },
          timestamp: { type: "int64", id: 15 },
        },
      },
      BucketSpan: { fields: { offset: { type: "sint32", id: 1 }, length: { type: "uint32", id: 2 } } },
    },
  },
  "WriteRequest",
);

/** Remote write 1.0: sums from the start as counters, trends as classic or native histograms, times in seconds. */
export const openPrometheus: OpenOutput = async ({ spec, context, refuses }) => {
  const { url, headers } = splitLogin(spec.target);
  const poster = createPoster({
    url,
    headers: {
      ...headers,
      ...bearer(spec.token),
      "content-type": "application/x-protobuf",
      "content-encoding": "snappy",
      "x-prometheus-remote-write-version": "0.1.0",
      ...spec.headers,
    },
    refuses,
  });
  const own = { execution_id: context.executionId, workflow: context.workflowId };
  return {
    measures: "totals",
    encode(points) {
      const timeseries = points.flatMap((point) => listSeries(point, own, spec.histograms));
      return snappy.compress(writeRequest.encode({ timeseries }).finish());
    },
    send: poster.post,
    close: async () => poster.close(),
  };
};

/** A point as series of Prometheus, each with its labels in order. */
function listSeries(
  point: OutputPoint,
  own: Readonly<Record<string, string>>,
  histograms: OutputSpec["histograms"],
): TimeSeries[] {
  const { metric, contains, tags, timeMs, total } = point;
  const unit = contains === "time" ? "_seconds" : contains === "data" ? "_bytes" : "";
  const name = `we_${metric.replace(/[^a-zA-Z0-9_]/g, "_")}`;
  const labels = new Map<string, string>();
  for (const [key, value] of Object.entries({ ...tags, ...own })) {
    const label = key.replace(/[^a-zA-Z0-9_]/g, "_");
    if (value !== "") labels.set(/^(?:[0-9]|__)/.test(label) || label === "le" ? `tag_${label}` : label, value);
  }
  const timestamp = Math.round(timeMs);
  const label = (suffix: string, more: Readonly<Record<string, string>>): readonly Label[] =>
    [...labels, ...Object.entries(more), ["__name__", name + suffix] as const]
      .map(([key, text]) => ({ name: key, value: text }))
      .toSorted((left, right) => (left.name < right.name ? -1 : 1));
  const one = (suffix: string, value: number, more: Readonly<Record<string, string>> = {}): TimeSeries => ({
    labels: label(suffix, more),
    samples: [{ value, timestamp }],
  });
  switch (total.type) {
    case "counter":
      return [one(`${unit}_total`, total.sum)];
    case "gauge":
      return [one(unit, total.value)];
    case "rate":
      return [one("_passes_total", total.passes), one("_fails_total", total.total - total.passes)];
    case "trend": {
      if (histograms === "native")
        return [{ labels: label(unit, {}), histograms: [makeNativeHistogram(total, contains, timestamp)] }];
      const { bounds, counts, sum, count } = countByBounds(total, contains);
      let through = 0;
      const buckets = bounds.map((bound, place) => {
        through += counts[place] ?? 0;
        return one(`${unit}_bucket`, through, { le: String(bound) });
      });
      return [
        ...buckets,
        one(`${unit}_bucket`, count, { le: "+Inf" }),
        one(`${unit}_sum`, sum),
        one(`${unit}_count`, count),
      ];
    }
    default:
      return total satisfies never;
  }
}
