import type { MetricType } from "../protocol/workflow.ts";

/** What a metric's numbers are: `time` is recorded in microseconds and shown in milliseconds, `data` is bytes. */
export type MetricContents = "default" | "time" | "data";

/** A metric as the report, the thresholds and the documentation know it. */
export interface Metric {
  readonly name: string;
  readonly type: MetricType;
  readonly contains: MetricContents;
  readonly description: string;
  /** false: declared by the workflow. */
  readonly builtIn: boolean;
}

type Row = readonly [name: string, type: MetricType, contains: MetricContents, description: string];

const rows: readonly Row[] = [
  ["checks", "rate", "default", "Checks and assertions that held"],
  ["iterations", "counter", "default", "Iterations that finished, passed or failed"],
  ["iteration_duration", "trend", "time", "An iteration from its start to its end, without think time and pacing"],
  ["iteration_failed", "rate", "default", "Finished iterations that failed"],
  ["iteration_lag", "trend", "time", "Real start minus planned start of an iteration, in arrival modes"],
  ["dropped_iterations", "counter", "default", "Planned starts that found no free VU"],
  ["lost_iterations", "counter", "default", "Iterations that vanished with a lost slave"],
  ["interrupted_iterations", "counter", "default", "Iterations cut short by a stop"],
  ["data_rows", "counter", "default", "Unique rows of a feeder that were used"],
  ["step_duration", "trend", "time", "A step with all its attempts"],
  ["step_failed", "rate", "default", "Steps that failed"],
  ["group_duration", "trend", "time", "A group of steps"],
  ["http_reqs", "counter", "default", "HTTP requests, every attempt and redirect counted"],
  ["http_req_failed", "rate", "default", "HTTP requests without an answer or with an unexpected status"],
  ["http_req_duration", "trend", "time", "Sending, waiting and receiving"],
  ["http_req_duration_corrected", "trend", "time", "http_req_duration from the planned start, in arrival modes"],
  ["http_req_total", "trend", "time", "The whole request with DNS, connect and TLS"],
  ["http_req_blocked", "trend", "time", "Waiting for a connection and for DNS"],
  ["http_req_connecting", "trend", "time", "TCP connect"],
  ["http_req_tls_handshaking", "trend", "time", "TLS handshake"],
  ["http_req_sending", "trend", "time", "Writing the request"],
  ["http_req_waiting", "trend", "time", "From the request written to the first byte of the answer"],
  ["http_req_receiving", "trend", "time", "From the first byte of the answer to the last"],
  ["page_duration", "trend", "time", "A page with its resources, from its start to the last of them"],
  ["data_sent", "counter", "data", "Bytes sent"],
  ["data_received", "counter", "data", "Bytes received"],
  ["ws_sessions", "counter", "default", "WebSockets that were opened"],
  ["ws_connecting", "trend", "time", "Look-up, connect, TLS and upgrade of a WebSocket"],
  ["ws_session_duration", "trend", "time", "A WebSocket from its upgrade to its close"],
  ["ws_msgs_sent", "counter", "default", "WebSocket messages sent"],
  ["ws_msgs_received", "counter", "default", "WebSocket messages received"],
  ["ws_msgs_dropped", "counter", "default", "WebSocket messages that nobody had received when the bound was reached"],
  ["ws_ping", "trend", "time", "From a WebSocket ping to its pong"],
  ["sse_streams", "counter", "default", "Event streams that were opened"],
  ["sse_connecting", "trend", "time", "From the start of an event stream's request to the head of its answer"],
  ["sse_first_event", "trend", "time", "From the start of an event stream's request to its first event"],
  ["sse_stream_duration", "trend", "time", "An event stream from the head of its answer to its end"],
  ["sse_events_received", "counter", "default", "Events received from event streams"],
  ["sse_events_dropped", "counter", "default", "Events that nobody had received when the bound was reached"],
  ["grpc_reqs", "counter", "default", "gRPC calls"],
  ["grpc_req_failed", "rate", "default", "gRPC calls without an answer or with an unexpected status"],
  ["grpc_req_duration", "trend", "time", "A gRPC call, without connecting"],
  ["grpc_connecting", "trend", "time", "Look-up, connect and TLS of a grpc step"],
  ["grpc_streams", "counter", "default", "gRPC calls that stream"],
  ["grpc_streams_msgs_sent", "counter", "default", "Messages sent in gRPC streams"],
  ["grpc_streams_msgs_received", "counter", "default", "Messages received in gRPC streams"],
  ["mq_publish_duration", "trend", "time", "Publishing a message, until the broker confirmed it"],
  ["mq_consume_duration", "trend", "time", "A consume step, until all its messages came"],
  ["mq_e2e_latency", "trend", "time", "From a tracked message sent to received, corrected by the slaves' clock offset"],
  ["mq_msgs_sent", "counter", "default", "Messages published"],
  ["mq_msgs_received", "counter", "default", "Messages consumed"],
  ["mq_req_failed", "rate", "default", "mq steps that failed"],
  ["db_reqs", "counter", "default", "Statements of db steps"],
  ["db_req_failed", "rate", "default", "Statements of db steps that failed"],
  ["db_req_duration", "trend", "time", "A statement of a db step, from its connection to the last row"],
  ["db_req_blocked", "trend", "time", "Waiting for a free connection of the pool, or connecting"],
  ["db_rows", "counter", "default", "Rows that db steps received"],
  ["socket_reqs", "counter", "default", "Operations of socket steps"],
  ["socket_req_failed", "rate", "default", "Operations of socket steps that failed"],
  ["socket_req_duration", "trend", "time", "An operation of a socket step, with connecting where it had to"],
  ["socket_connecting", "trend", "time", "Look-up, connect and TLS of a socket step"],
  ["vus", "gauge", "default", "VUs that are running"],
  ["vus_max", "gauge", "default", "VUs that are initialised"],
];

/** Every built-in metric, in the order in which people see them. */
export const builtInMetrics: readonly Metric[] = rows.map(([name, type, contains, description]) => ({
  name,
  type,
  contains,
  description,
  builtIn: true,
}));

const byName: ReadonlyMap<string, Metric> = new Map(builtInMetrics.map((metric) => [metric.name, metric]));

/** The metric of this name: a built-in one, or one that the workflow declares; undefined: there is none. */
export function lookupMetric(name: string, custom: Readonly<Record<string, MetricType>>): Metric | undefined {
  const builtIn = byName.get(name);
  if (builtIn !== undefined) return builtIn;
  const type = Object.hasOwn(custom, name) ? custom[name] : undefined;
  return type === undefined ? undefined : { name, type, contains: "default", description: "", builtIn: false };
}

const places: ReadonlyMap<string, number> = new Map(builtInMetrics.map(({ name }, place) => [name, place]));

/** Orders metric names as people see them: built-in ones as in the catalog, then custom ones by name. */
export function compareMetrics(left: string, right: string): number {
  const byPlace = (places.get(left) ?? places.size) - (places.get(right) ?? places.size);
  return byPlace !== 0 ? byPlace : left < right ? -1 : left > right ? 1 : 0;
}
