import { findMessage } from "./protobuf.ts";

const many = (type: string, id: number) => ({ rule: "repeated", type, id });
const place = {
  startTimeUnixNano: { type: "fixed64", id: 2 },
  timeUnixNano: { type: "fixed64", id: 3 },
};

/** `ExportMetricsServiceRequest` of OTLP 1.x, the parts that we write (opentelemetry/proto/metrics/v1/metrics.proto). */
export const exportRequest = findMessage(
  {
    nested: {
      ExportMetricsServiceRequest: { fields: { resourceMetrics: many("ResourceMetrics", 1) } },
      ResourceMetrics: {
        fields: { resource: { type: "Resource", id: 1 }, scopeMetrics: many("ScopeMetrics", 2) },
      },
      Resource: { fields: { attributes: many("KeyValue", 1) } },
      ScopeMetrics: { fields: { scope: { type: "Scope", id: 1 }, metrics: many("Metric", 2) } },
      Scope: { fields: { name: { type: "string", id: 1 } } },
      Metric: {
        fields: {
          name: { type: "string", id: 1 },
          unit: { type: "string", id: 3 },
          gauge: { type: "Gauge", id: 5 },
          sum: { type: "Sum", id: 7 },
          histogram: { type: "Histogram", id: 9 },
        },
      },
      Gauge: { fields: { dataPoints: many("NumberDataPoint", 1) } },
      Sum: {
        fields: {
          dataPoints: many("NumberDataPoint", 1),
          aggregationTemporality: { type: "int32", id: 2 },
          isMonotonic: { type: "bool", id: 3 },
        },
      },
      Histogram: {
        fields: { dataPoints: many("HistogramDataPoint", 1), aggregationTemporality: { type: "int32", id: 2 } },
      },
      NumberDataPoint: {
        fields: { ...place, asDouble: { type: "double", id: 4 }, attributes: many("KeyValue", 7) },
      },
      HistogramDataPoint: {
        oneofs: { _sum: { oneof: ["sum"] }, _min: { oneof: ["min"] }, _max: { oneof: ["max"] } },
        fields: {
          ...place,
          count: { type: "fixed64", id: 4 },
          sum: { type: "double", id: 5 },
          bucketCounts: many("fixed64", 6),
          explicitBounds: many("double", 7),
          attributes: many("KeyValue", 9),
          min: { type: "double", id: 11 },
          max: { type: "double", id: 12 },
        },
      },
      KeyValue: { fields: { key: { type: "string", id: 1 }, value: { type: "AnyValue", id: 2 } } },
      AnyValue: { fields: { stringValue: { type: "string", id: 1 } } },
    },
  },
  "ExportMetricsServiceRequest",
);
