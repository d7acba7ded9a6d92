import protobuf from "protobufjs";

/** The parts of OTLP's own definitions (v1) that metrics are made of. Fields that are not here would be unknown ones. */
const definitions = `
syntax = "proto3";
message ExportMetricsServiceRequest { repeated ResourceMetrics resource_metrics = 1; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; string schema_url = 3; }
message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
message ScopeMetrics { InstrumentationScope scope = 1; repeated Metric metrics = 2; string schema_url = 3; }
message InstrumentationScope { string name = 1; string version = 2; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
message Metric {
  string name = 1; string description = 2; string unit = 3;
  oneof data { Gauge gauge = 5; Sum sum = 7; Histogram histogram = 9; }
}
message Gauge { repeated NumberDataPoint data_points = 1; }
message Sum { repeated NumberDataPoint data_points = 1; AggregationTemporality aggregation_temporality = 2; bool is_monotonic = 3; }
message Histogram { repeated HistogramDataPoint data_points = 1; AggregationTemporality aggregation_temporality = 2; }
enum AggregationTemporality { UNSPECIFIED = 0; DELTA = 1; CUMULATIVE = 2; }
message NumberDataPoint {
  repeated KeyValue attributes = 7; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3;
  oneof value { double as_double = 4; sfixed64 as_int = 6; }
}
message HistogramDataPoint {
  repeated KeyValue attributes = 9; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; fixed64 count = 4;
  optional double sum = 5; repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7;
  uint32 flags = 10; optional double min = 11; optional double max = 12;
}`;

const request = protobuf.parse(definitions).root.lookupType("ExportMetricsServiceRequest");

export interface OtlpValue {
  readonly metric: string;
  readonly attributes: string;
  /** Of a histogram: its count. */
  readonly value: number;
}

interface DataPoint {
  readonly attributes?: unknown;
  readonly startTimeUnixNano?: string;
  readonly timeUnixNano: string;
  readonly asDouble?: number;
  readonly count?: string;
  readonly bucketCounts?: readonly string[];
  readonly explicitBounds?: readonly number[];
}

interface Data {
  readonly aggregationTemporality?: number | string;
  readonly dataPoints: readonly DataPoint[];
}

interface Request {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string;
        readonly sum?: Data;
        readonly histogram?: Data;
        readonly gauge?: Data;
      }[];
    }[];
  }[];
}

/** Sums and histograms of a request, checked to be sound: cumulative, with times, buckets that add up. */
export function readOtlp(body: Uint8Array, format: "protobuf" | "json"): OtlpValue[] {
  const read = (
    format === "json"
      ? request.toObject(request.fromObject(JSON.parse(Buffer.from(body).toString()) as object), { longs: String })
      : request.toObject(request.decode(body), { longs: String })
  ) as Request;
  return read.resourceMetrics.flatMap(({ scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap(({ name, sum, histogram, gauge }) => {
        if (gauge !== undefined) return [];
        const data = sum ?? histogram;
        if (data === undefined) throw new Error(`${name} holds nothing`);
        if (data.aggregationTemporality !== 2) throw new Error(`${name} is not cumulative`);
        return data.dataPoints.map((point) => readPoint(name, point));
      }),
    ),
  );
}

function readPoint(metric: string, point: DataPoint): OtlpValue {
  const { startTimeUnixNano = "0", timeUnixNano, asDouble, count, bucketCounts, explicitBounds } = point;
  if (BigInt(startTimeUnixNano) === 0n || BigInt(timeUnixNano) < BigInt(startTimeUnixNano)) {
    throw new Error(`${metric}: ${startTimeUnixNano} to ${timeUnixNano} is no time`);
  }
  const attributes = JSON.stringify(point.attributes ?? []);
  if (count === undefined) return { metric, attributes, value: asDouble ?? 0 };
  const counted = (bucketCounts ?? []).reduce((all, one) => all + Number(one), 0);
  if (counted !== Number(count) || bucketCounts?.length !== (explicitBounds?.length ?? 0) + 1) {
    throw new Error(`${metric}: the buckets hold ${counted} of ${count}`);
  }
  return { metric, attributes, value: Number(count) };
}
