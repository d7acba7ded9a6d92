import type { Report } from "../protocol/report.ts";
import type {
  ControlAnswer,
  DrainAnswer,
  Execution,
  ExecutionList,
  ExecutionStatus,
  MasterStatus,
  Metrics,
  ScaleBody,
  Slave,
  SlaveList,
  SubmitAnswer,
  SubmitBody,
} from "../protocol/rest.ts";
import { type Follower, type FollowOptions, followExecution } from "./follow.ts";
import { createRest } from "./rest.ts";

export interface ListQuery {
  readonly status?: ExecutionStatus;
  readonly workflowId?: string;
  readonly limit?: number;
  readonly offset?: number;
}

export interface StopQuery {
  /** As written: `5s`. */
  readonly grace?: string;
  readonly force?: boolean;
  readonly reason?: "stopped_by_api" | "stopped_by_signal";
}

/** A master's API. Every call throws EngineError: the master's own, or `unreachable`. `latest` is an execution's id. */
export interface Client {
  /** The master that is asked first now. */
  readonly master: string;
  submit(body: SubmitBody): Promise<SubmitAnswer>;
  listExecutions(query: ListQuery): Promise<ExecutionList>;
  getExecution(id: string): Promise<Execution>;
  getMetrics(id: string): Promise<Metrics>;
  getReport(id: string): Promise<Report>;
  pause(id: string): Promise<ControlAnswer>;
  resume(id: string): Promise<ControlAnswer>;
  scale(id: string, body: ScaleBody): Promise<Pick<ScaleBody, "target_vus" | "target_rate">>;
  stop(id: string, query: StopQuery): Promise<void>;
  listSlaves(): Promise<SlaveList>;
  getSlave(id: string): Promise<Slave>;
  drain(id: string): Promise<DrainAnswer>;
  undrain(id: string): Promise<DrainAnswer>;
  getMaster(): Promise<MasterStatus>;
  /** Listens to an execution until it has ended. */
  follow(id: string, options: FollowOptions): Follower;
}

/** A client of the first of these masters (URLs) that answers. */
export function createClient(masters: readonly string[]): Client {
  const rest = createRest(masters);
  /** What a master answers is what `protocol/rest.ts` says of its path. */
  const ask = async <Answer>(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<Answer> =>
    (await rest.request(method, path, body)) as Answer;
  const execution = (id: string, tail = ""): string => `/executions/${encodeURIComponent(id)}${tail}`;
  const slave = (id: string, tail = ""): string => `/slaves/${encodeURIComponent(id)}${tail}`;
  return {
    get master() {
      return rest.master;
    },
    submit: (body) => ask("POST", "/workflows", body),
    listExecutions: ({ status, workflowId, limit, offset }) =>
      ask("GET", `/executions${printQuery({ status, workflow_id: workflowId, limit, offset })}`),
    getExecution: (id) => ask("GET", execution(id)),
    getMetrics: (id) => ask("GET", execution(id, "/metrics")),
    getReport: (id) => ask("GET", execution(id, "/report")),
    pause: (id) => ask("POST", execution(id, "/pause")),
    resume: (id) => ask("POST", execution(id, "/resume")),
    scale: (id, body) => ask("POST", execution(id, "/scale"), body),
    stop: async (id, query) => {
      await ask("DELETE", execution(id, printQuery({ ...query })));
    },
    listSlaves: () => ask("GET", "/slaves"),
    getSlave: (id) => ask("GET", slave(id)),
    drain: (id) => ask("POST", slave(id, "/drain")),
    undrain: (id) => ask("POST", slave(id, "/undrain")),
    getMaster: () => ask("GET", "/master"),
    follow: (id, options) => followExecution(rest, id, options),
  };
}

function printQuery(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, String(value));
  return query.size === 0 ? "" : `?${query.toString()}`;
}
