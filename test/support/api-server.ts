import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBackUp } from "../../src/master/back-up.ts";
import { openExecutionFiles } from "../../src/master/execution-files.ts";
import { onTestFinished } from "vitest";
import { EngineError } from "../../src/errors.ts";
import { createServer, type Server, type ServerOptions } from "../../src/master/api/server.ts";
import type { Executions, Submission } from "../../src/master/executions.ts";
import { makeUuid } from "../../src/protocol/make-uuid.ts";
import type { Report } from "../../src/protocol/report.ts";
import type { Execution, Metrics, StreamMessage } from "../../src/protocol/rest.ts";
import { createSystemClock } from "../../src/run/system-clock.ts";
import { systemTime } from "../../src/run/system-time.ts";
import { createMemoryStore } from "../../src/store/memory.ts";
import { checkAnswer } from "./check-answer.ts";
import { readConfiguration } from "./configuration.ts";

/** An API whose executions are literals: what it lets through, and how it answers, is what tests look at. */
export interface ApiServer {
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  /** What submits brought. */
  readonly submissions: Submission[];
  /** Calls that steered, as `name id {request}`. */
  readonly calls: string[];
  /** What was logged as an error. */
  readonly faults: string[];
  /** Streams that are open. */
  readonly watchers: Set<(message: StreamMessage) => void>;
  call(method: string, path: string, options?: CallOptions): Promise<CallAnswer>;
}

export interface CallOptions {
  readonly body?: string | Buffer;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface CallAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: unknown;
}

export const metrics: Metrics = {
  execution_id: "live",
  total_vus: 2,
  total_iterations: 3,
  total_requests: 4,
  duration_ms: 5,
  step_metrics: {},
  metrics: {},
  thresholds: [],
};

const execution: Execution = {
  id: "live",
  workflow_id: "w",
  workflow_name: "w",
  status: "running",
  phase: "running",
  passed: null,
  degraded: false,
  reason: null,
  mode: "constant-vus",
  progress: 0.5,
  target_vus: 2,
  active_vus: 2,
  created_at: "2026-01-06T10:00:00.000Z",
  start_time: "2026-01-06T10:00:00.000Z",
  end_time: null,
  duration_ms: 5,
  paused_ms: 0,
  paused_scenarios: [],
  slave_states: {},
  thresholds: [],
  errors: [],
  events: [],
  outputs: [],
  tags: {},
};

const report: Report = {
  schema: 1,
  engine_version: "0",
  execution_id: "over",
  workflow_id: "w",
  workflow_name: "w",
  status: "completed",
  passed: true,
  degraded: false,
  reason: null,
  start_time: "2026-01-06T10:00:00.000Z",
  end_time: "2026-01-06T10:00:05.000Z",
  duration_ms: 5_000,
  paused_ms: 0,
  options: {},
  tags: {},
  metrics: {},
  step_metrics: {},
  checks: [],
  thresholds: [],
  errors: [],
  events: [],
  slaves: [],
  start_skew_ms: null,
  lost: { iterations: 0, interval_ms: 0, estimated: false },
  late: { frames: 0, http_reqs: 0, iterations: 0 },
  warm_up: { http_reqs: 0, iterations: 0 },
  timeseries: { interval_ms: 1_000, points: [] },
  generator: { verdict: "ok", reasons: [] },
  find_limit: null,
  series_overflow: {},
  outputs: [],
};

export interface ApiServerOptions extends Partial<Omit<ServerOptions, "server">> {
  /** A configuration file; its address should be a free port of loopback. */
  readonly config?: string;
}

/** Starts it on a free port; it ends with the test. It knows the executions `live` (active) and `over` (ended). */
export async function startApiServer({ config, ...options }: ApiServerOptions = {}): Promise<ApiServer> {
  const configuration = readConfiguration(config ?? "server: {address: 127.0.0.1:0}");
  const submissions: Submission[] = [];
  const calls: string[] = [];
  const faults: string[] = [];
  const watchers = new Set<(message: StreamMessage) => void>();
  const find = (id: string): Execution | null => {
    if (id === "live") return execution;
    return id === "over" ? { ...execution, id, status: "completed", phase: "done", passed: true } : null;
  };
  const steer = (name: string, id: string, request: unknown): void => {
    if (find(id) === null) throw new EngineError("not_found", `there is no execution \`${id}\``);
    if (id === "over" && name !== "stop" && name !== "purge") throw new EngineError("conflict", "it has ended");
    if (id === "live" && name === "purge") throw new EngineError("conflict", "it has not ended");
    calls.push(`${name} ${id} ${JSON.stringify(request)}`);
  };
  const executions: Executions = {
    ready: true,
    isAwaited: () => false,
    submit: async (submission, id) => {
      submissions.push(submission);
      return { execution_id: id ?? `e${submissions.length}`, workflow_id: submission.workflow.id, status: "submitted" };
    },
    list: async (query) => {
      calls.push(`list ${JSON.stringify(query)}`);
      return { executions: [execution], total: 1 };
    },
    latestId: async () => "live",
    describe: async (id) => find(id),
    metrics: async (id) => (find(id) === null ? null : { ...metrics, execution_id: id }),
    report: async (id) => {
      if (id === "live") throw new EngineError("conflict", "it has not ended");
      return id === "over" ? report : null;
    },
    timeSeries: async (id, query) => {
      calls.push(`timeSeries ${id} ${JSON.stringify(query)}`);
      return find(id) === null ? null : { interval_ms: 1_000, points: [] };
    },
    logs: async (id) => (find(id) === null ? null : { logs: [], dropped: 0 }),
    listFiles: async (id) => (find(id) === null ? null : { files: [] }),
    locateFile: async () => null,
    listWorkflows: async () => ({ workflows: [], total: 0 }),
    describeWorkflow: async () => null,
    pause: async (id) => {
      steer("pause", id, null);
      return "paused";
    },
    resume: async (id) => {
      steer("resume", id, null);
      return "running";
    },
    scale: async (id, request) => {
      steer("scale", id, request);
      return request.target;
    },
    stop: async (id, request) => steer("stop", id, request),
    stopWorkflow: async (id) => (id === "w" ? ["live"] : null),
    purge: async (id) => steer("purge", id, null),
    locateInput: () => null,
    drain: async () => "draining",
    undrain: async () => "online",
    watch: (id, listener) => {
      if (id !== "live") return null;
      watchers.add(listener);
      const timestamp = execution.created_at;
      listener({ type: "metrics", execution_id: id, timestamp, status: "running", metrics, level: null, outputs: [] });
      return () => watchers.delete(listener);
    },
    count: () => ({ active: 1, pending: 0 }),
    close: async () => {},
  };
  const folder = mkdtempSync(join(tmpdir(), "api-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const server = createServer({
    backUp: createBackUp(createMemoryStore(), folder),
    card: { id: "m", version: "0", store: "memory", maxExecutions: 100, warnings: [] },
    executions,
    registry: { list: () => [], get: () => null, holdsTicket: () => false },
    files: openExecutionFiles(folder),
    clock: createSystemClock(systemTime),
    store: createMemoryStore(),
    createId: () => makeUuid(Math.random),
    log: (level, message) => {
      if (level === "error") faults.push(message);
    },
    server: configuration.server,
    acceptLink: (_request, socket) => socket.destroy(),
    ...options,
  });
  onTestFinished(() => server.close());
  const url = await server.listen();
  return {
    url,
    port: Number(new URL(url).port),
    server,
    submissions,
    calls,
    faults,
    watchers,
    async call(method, path, { body, type = "application/json", headers = {} } = {}) {
      const response = await fetch(url + path, {
        method,
        headers: { ...(body === undefined ? {} : { "content-type": type }), ...headers },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : new Uint8Array(body) }),
      });
      const text = await response.text();
      const answerType = response.headers.get("content-type") ?? "";
      const isJson = answerType.startsWith("application/json");
      const parsed: unknown = isJson && text !== "" ? JSON.parse(text) : null;
      checkAnswer(method, path, { status: response.status, type: answerType, body: isJson ? parsed : text });
      return { status: response.status, headers: response.headers, text, body: parsed };
    },
  };
}
