import snappy from "snappyjs";
import { countByBounds } from "./histogram-bounds.ts";
import type { OpenOutput, OutputPoint } from "./output.ts";
import { bearer, createPoster, splitLogin } from "./post.ts";
import { findMessage } from "./protobuf.ts";

interface Label {
  readonly name: string;
  readonly value: string;
}

interface TimeSeries {
  readonly labels: readonly Label[];
  readonly samples: readonly { readonly value: number; readonly timestamp: number }[];
}

const writeRequest = findMessage(
  {
    nested: {
      WriteRequest: { fields: { timeseries: { rule: "repeated", type: "TimeSeries", id: 1 } } },
      TimeSeries: {
        fields: {
          labels: { rule: "repeated", type: "Label", id: 1 },
          samples: { rule: "repeated", type: "Sample", id: 2 },
        },
      },
      Label: { fields: { name: { type: "string", id: 1 }, value: { type: "string", id: 2 } } },
      Sample: { fields: { value: { type: "double", id: 1 }, timestamp: { type: "int64", id: 2 } } },
    },
  },
  "WriteRequest",
);

/** Remote write 1.0: sums from the start as counters, trends as classic histograms, times in seconds. */
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
      const timeseries = points.flatMap((point) => listSeries(point, own));
      return snappy.compress(writeRequest.encode({ timeseries }).finish());
    },
    send: poster.post,
    close: async () => poster.close(),
  };
};

/** A point as series of Prometheus, each with its labels in order. */
function listSeries(point: OutputPoint, own: Readonly<Record<string, string>>): TimeSeries[] {
  const { metric, contains, tags, timeMs, total } = point;
  const unit = contains === "time" ? "_seconds" : contains === "data" ? "_bytes" : "";
  const name = `we_${metric.replace(/[^a-zA-Z0-9_]/g, "_")}`;
  const labels = new Map<string, string>();
  for (const [key, value] of Object.entries({ ...tags, ...own })) {
    const label = key.replace(/[^a-zA-Z0-9_]/g, "_");
    if (value !== "") labels.set(/^(?:[0-9]|__)/.test(label) || label === "le" ? `tag_${label}` : label, value);
  }
  const one = (suffix: string, value: number, more: Readonly<Record<string, string>> = {}): TimeSeries => ({
    labels: [...labels, ...Object.entries(more), ["__name__", name + suffix] as const]
      .map(([label, text]) => ({ name: label, value: text }))
      .toSorted((left, right) => (left.name < right.name ? -1 : 1)),
    samples: [{ value, timestamp: Math.round(timeMs) }],
  });
  switch (total.type) {
    case "counter":
      return [one(`${unit}_total`, total.sum)];
    case "gauge":
      return [one(unit, total.value)];
    case "rate":
      return [one("_passes_total", total.passes), one("_fails_total", total.total - total.passes)];
    case "trend": {
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
