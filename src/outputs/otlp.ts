import { countByBounds } from "./histogram-bounds.ts";
import type { OpenOutput, OutputPoint } from "./output.ts";
import { exportRequest } from "./otlp-messages.ts";
import { bearer, createPoster, splitLogin } from "./post.ts";

/** Sums from the start. */
const cumulative = 2;

/**
 * OTLP over HTTP, as protobuf or JSON: counters and rates as cumulative sums, trends as cumulative histograms, times in
 * seconds. A URL without a path means `/v1/metrics`.
 */
export const openOtlp: OpenOutput = async ({ spec, context, refuses }) => {
  const { url, headers } = splitLogin(spec.target);
  if (url.pathname === "/") url.pathname = "/v1/metrics";
  const asJson = spec.format === "json";
  const poster = createPoster({
    url,
    headers: {
      ...headers,
      ...bearer(spec.token),
      "content-type": asJson ? "application/json" : "application/x-protobuf",
      ...spec.headers,
    },
    refuses,
  });
  const resource = {
    attributes: listAttributes({
      "service.name": "workflow-engine",
      "workflow.id": context.workflowId,
      "workflow.execution.id": context.executionId,
    }),
  };
  return {
    measures: "totals",
    encode(points) {
      const metrics = groupPoints(points, writeNanoseconds(context.startedAt()));
      const request = {
        resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: "workflow-engine" }, metrics }] }],
      };
      if (asJson) return Buffer.from(JSON.stringify(request));
      return exportRequest.encode(exportRequest.fromObject(request)).finish();
    },
    send: poster.post,
    close: async () => poster.close(),
  };
};

/** 64-bit integers are texts, as JSON has them. */
function groupPoints(points: readonly OutputPoint[], startTimeUnixNano: string): object[] {
  const groups = [...Map.groupBy(points, ({ metric }) => metric)];
  return groups.flatMap(([name, [first, ...others]]) => {
    if (first === undefined) return [];
    const all = [first, ...others];
    const unit = first.contains === "time" ? "s" : first.contains === "data" ? "By" : "1";
    const sum = (suffix: string, read: (point: OutputPoint) => number): object => ({
      name: name + suffix,
      unit,
      sum: {
        aggregationTemporality: cumulative,
        isMonotonic: true,
        dataPoints: all.map((point) => ({ ...place(point, startTimeUnixNano), asDouble: read(point) })),
      },
    });
    switch (first.total.type) {
      case "counter":
        return [sum("", ({ total }) => (total.type === "counter" ? total.sum : 0))];
      case "rate":
        return [
          sum(".passes", ({ total }) => (total.type === "rate" ? total.passes : 0)),
          sum(".fails", ({ total }) => (total.type === "rate" ? total.total - total.passes : 0)),
        ];
      case "gauge":
        return [{ name, unit, gauge: { dataPoints: all.map((point) => describeGauge(point)) } }];
      case "trend": {
        const dataPoints = all.map((point) => describeTrend(point, startTimeUnixNano));
        return [{ name, unit, histogram: { aggregationTemporality: cumulative, dataPoints } }];
      }
      default:
        return first.total satisfies never;
    }
  });
}

function place({ tags, timeMs }: OutputPoint, startTimeUnixNano: string) {
  return { attributes: listAttributes(tags), startTimeUnixNano, timeUnixNano: writeNanoseconds(timeMs) };
}

function describeGauge({ tags, timeMs, total }: OutputPoint): object {
  const asDouble = total.type === "gauge" ? total.value : 0;
  return { attributes: listAttributes(tags), timeUnixNano: writeNanoseconds(timeMs), asDouble };
}

function describeTrend(point: OutputPoint, start: string): object {
  const { total, contains } = point;
  if (total.type !== "trend") return place(point, start);
  const { bounds, counts, sum, min, max, count } = countByBounds(total, contains);
  return {
    ...place(point, start),
    count: String(count),
    sum,
    min,
    max,
    bucketCounts: counts.map(String),
    explicitBounds: bounds,
  };
}

function listAttributes(tags: Readonly<Record<string, string>>): object[] {
  return Object.entries(tags).map(([key, value]) => ({ key, value: { stringValue: value } }));
}

function writeNanoseconds(epochMs: number): string {
  return `${Math.round(epochMs)}000000`;
}
