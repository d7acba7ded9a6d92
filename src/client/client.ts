import type { Readable } from "node:stream";
import type { EngineError } from "../errors.ts";
import { makeUuid } from "../protocol/make-uuid.ts";
import type { Clock, Random } from "../protocol/ports.ts";
import type { Report, TimeSeries } from "../protocol/report.ts";
import type {
  ControlAnswer,
  DrainAnswer,
  Execution,
  ExecutionList,
  ExecutionStatus,
  FileList,
  LogList,
  MasterStatus,
  Metrics,
  ScaleAnswer,
  PauseBody,
  ScaleBody,
  Slave,
  SlaveList,
  StopWorkflowAnswer,
  StreamMessage,
  SubmitAnswer,
  SubmitBody,
  TicketAnswer,
  ValidateAnswer,
  WhoAmI,
  WorkflowList,
  WorkflowSummary,
} from "../protocol/rest.ts";
import { type Connection, timerClock } from "./connection.ts";
import { createForm, type Form } from "./form.ts";
import { type Follower, type FollowOptions, followExecution } from "./follow.ts";
import { parseMasterUrls } from "./master-urls.ts";
import { execution, printQuery } from "./paths.ts";
import { createRest, type Rest } from "./rest.ts";
import { streamExecution } from "./stream-execution.ts";

/** Where the master is, and how it is spoken to. */
export interface ClientOptions extends Connection {
  /** A URL, or several with commas between them: the first that can be reached is asked. Default `http://localhost:8080`. */
  readonly master?: string;
  /** How long a lost master is tried again, ms: by what follows, and by posts whose answer was lost. Default 5 minutes. */
  readonly retryForMs?: number;
  /** An answer was lost; the request is sent again. */
  onRetry?(error: EngineError): void;
  /** For tests; default: the machine's. */
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface CallOptions {
  /** Gives up; the call throws what it is aborted with. */
  readonly signal?: AbortSignal;
}

/** Of what posts. */
export interface PostOptions extends CallOptions {
  /** The master does what carries this key once, for 24 h; default: a new one for each call; null: none. */
  readonly idempotencyKey?: string | null;
}

export interface SubmitOptions extends PostOptions {
  /** Files that the workflow names, relative to it: where they are on this machine. */
  readonly files?: ReadonlyMap<string, string>;
}

export interface ListQuery {
  readonly status?: ExecutionStatus;
  readonly workflowId?: string;
  /** 1..500; default 50. */
  readonly limit?: number;
  readonly offset?: number;
}

export interface TimeSeriesQuery {
  /** RFC 3339, or a duration since the start: `90s`. */
  readonly from?: string;
  readonly to?: string;
  /** The least width of a point: `10s`. */
  readonly step?: string;
  readonly maxPoints?: number;
  readonly slave?: string;
  readonly scenario?: string;
}

export interface StopQuery {
  /** What running iterations get: `5s`. */
  readonly grace?: string;
  /** No grace. */
  readonly force?: boolean;
  readonly reason?: "stopped_by_api" | "stopped_by_signal";
}

const fiveMinutes = 5 * 60_000;

/**
 * A master's API. Every call throws EngineError: the master's own code and words, or `unreachable`. `latest` is the id
 * of the newest execution. Posts carry an Idempotency-Key: one whose answer is lost is sent again, and done once.
 */
export class Client {
  readonly #rest: Rest;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #retryForMs: number;

  /** A URL, or more than that. Throws EngineError `invalid_usage` for what is no URL. */
  constructor(options: string | ClientOptions = {}) {
    const { master, retryForMs, onRetry, clock, random, ...connection }: ClientOptions =
      typeof options === "string" ? { master: options } : options;
    this.#clock = clock ?? timerClock;
    this.#random = random ?? Math.random;
    this.#retryForMs = retryForMs ?? fiveMinutes;
    this.#rest = createRest({
      masters: parseMasterUrls(master ?? "http://localhost:8080"),
      connection,
      clock: this.#clock,
      random: this.#random,
      retryForMs: this.#retryForMs,
      onRetry: (error) => onRetry?.(error),
    });
  }

  /** The master that is asked first now. */
  get master(): string {
    return this.#rest.master;
  }

  /** Starts an execution. Throws `invalid_workflow` with all problems, `scheduling_failed`, `queue_full`. */
  submit(body: SubmitBody, { files, ...options }: SubmitOptions = {}): Promise<SubmitAnswer> {
    if (files === undefined || files.size === 0) return this.#post("/workflows", body, options);
    const form = createForm(body, files, makeUuid(this.#random));
    return this.#post("/workflows", undefined, options, form);
  }

  /** All problems of a workflow; nothing runs. */
  validate(body: SubmitBody, options?: CallOptions): Promise<ValidateAnswer> {
    return this.#post("/workflows/validate", body, options);
  }

  listWorkflows(options?: CallOptions): Promise<WorkflowList> {
    return this.#get("/workflows", options);
  }

  getWorkflow(id: string, options?: CallOptions): Promise<WorkflowSummary> {
    return this.#get(`/workflows/${encodeURIComponent(id)}`, options);
  }

  /** Stops all its active executions. */
  stopWorkflow(id: string, query: StopQuery = {}, options?: CallOptions): Promise<StopWorkflowAnswer> {
    return this.#delete(`/workflows/${encodeURIComponent(id)}${printQuery({ ...query })}`, options);
  }

  /** Newest first. */
  listExecutions({ workflowId, ...query }: ListQuery = {}, options?: CallOptions): Promise<ExecutionList> {
    return this.#get(`/executions${printQuery({ ...query, workflow_id: workflowId })}`, options);
  }

  getExecution(id: string, options?: CallOptions): Promise<Execution> {
    return this.#get(execution(id), options);
  }

  /** The metrics so far, of the whole cluster. */
  getMetrics(id: string, options?: CallOptions): Promise<Metrics> {
    return this.#get(execution(id, "/metrics"), options);
  }

  getTimeSeries(id: string, query: TimeSeriesQuery = {}, options?: CallOptions): Promise<TimeSeries> {
    const { maxPoints, ...rest } = query;
    return this.#get(execution(id, `/timeseries${printQuery({ ...rest, max_points: maxPoints })}`), options);
  }

  /** Throws `conflict` until it has ended; `waitForReport` waits. */
  getReport(id: string, options?: CallOptions): Promise<Report> {
    return this.#get(execution(id, "/report"), options);
  }

  getLogs(id: string, options?: CallOptions): Promise<LogList> {
    return this.#get(execution(id, "/logs"), options);
  }

  /** The files that its outputs have written so far. */
  listFiles(id: string, options?: CallOptions): Promise<FileList> {
    return this.#get(execution(id, "/files"), options);
  }

  /** One of them, handed to `into` as it comes; `into` rejects with an EngineError. Throws `not_found`. */
  async fetchFile(
    id: string,
    name: string,
    into: (file: Readable) => Promise<void>,
    options: CallOptions = {},
  ): Promise<void> {
    const path = execution(id, `/files/${encodeURIComponent(name)}`);
    await this.#rest.request({ method: "GET", path, signal: options.signal, into });
  }

  pause(id: string, { scenario, ...options }: PauseBody & PostOptions = {}): Promise<ControlAnswer> {
    return this.#post(execution(id, "/pause"), scenario === undefined ? undefined : { scenario }, options);
  }

  resume(id: string, { scenario, ...options }: PauseBody & PostOptions = {}): Promise<ControlAnswer> {
    return this.#post(execution(id, "/resume"), scenario === undefined ? undefined : { scenario }, options);
  }

  scale(id: string, body: ScaleBody, options?: PostOptions): Promise<ScaleAnswer> {
    return this.#post(execution(id, "/scale"), body, options);
  }

  /** Resolves when it is stopping. Not sent again where the answer is lost: a second stop is a hard one. */
  async stop(id: string, query: StopQuery = {}, options?: CallOptions): Promise<void> {
    await this.#delete(execution(id, printQuery({ ...query })), options);
  }

  /** Removes an ended execution's record. */
  async purge(id: string, options?: CallOptions): Promise<void> {
    await this.#delete(execution(id, "?purge=true"), options);
  }

  listSlaves(options?: CallOptions): Promise<SlaveList> {
    return this.#get("/slaves", options);
  }

  getSlave(id: string, options?: CallOptions): Promise<Slave> {
    return this.#get(`/slaves/${encodeURIComponent(id)}`, options);
  }

  drain(id: string, options?: PostOptions): Promise<DrainAnswer> {
    return this.#post(`/slaves/${encodeURIComponent(id)}/drain`, undefined, options);
  }

  undrain(id: string, options?: PostOptions): Promise<DrainAnswer> {
    return this.#post(`/slaves/${encodeURIComponent(id)}/undrain`, undefined, options);
  }

  /** Whose key this client brings. */
  whoAmI(options?: CallOptions): Promise<WhoAmI> {
    return this.#get("/auth/me", options);
  }

  /** Stands for the key on one WebSocket of a browser, as `?ticket=`, for 30 s. */
  issueTicket(options?: CallOptions): Promise<TicketAnswer> {
    return this.#post("/auth/ticket", undefined, options);
  }

  getMaster(options?: CallOptions): Promise<MasterStatus> {
    return this.#get("/master", options);
  }

  /**
   * A copy of the master's store, made while it runs: an SQLite file, handed to `into` as it comes; `into` rejects with an
   * EngineError. Throws `conflict` where the store is in memory, or is being copied for somebody else.
   */
  async backUp(into: (copy: Readable) => Promise<void>, options: CallOptions = {}): Promise<void> {
    await this.#rest.request({ method: "POST", path: "/backup", signal: options.signal, into });
  }

  /**
   * What happens to an execution: `metrics` at once and every second, each `event`, `complete` last. A lost master is
   * tried again. Who reads slowly gets every event, but of the metrics only the newest. Leaving the loop ends it.
   */
  stream(id: string, options: CallOptions = {}): AsyncIterableIterator<Exclude<StreamMessage, { type: "error" }>> {
    return streamExecution((follow) => this.follow(id, follow), options.signal);
  }

  /** The report, once the execution has ended. Throws `internal_error` where it ended without one. */
  async waitForReport(id: string, options: CallOptions = {}): Promise<Report> {
    for await (const message of this.stream(id, options)) {
      if (message.type === "complete" && message.report !== null) return message.report;
    }
    return this.getReport(id, options);
  }

  /** Listens to an execution until it has ended, and tells when the master is lost and found. */
  follow(id: string, options: FollowOptions): Follower {
    const { retryForMs = this.#retryForMs } = options;
    return followExecution(this.#rest, id, { ...options, retryForMs, clock: this.#clock, random: this.#random });
  }

  async #get<Answer>(path: string, options: CallOptions = {}): Promise<Answer> {
    return (await this.#rest.request({ method: "GET", path, signal: options.signal })) as Answer;
  }

  async #delete<Answer>(path: string, options: CallOptions = {}): Promise<Answer> {
    return (await this.#rest.request({ method: "DELETE", path, signal: options.signal })) as Answer;
  }

  async #post<Answer>(path: string, body: unknown, options: PostOptions = {}, form?: Form): Promise<Answer> {
    const { signal, idempotencyKey = makeUuid(this.#random) } = options;
    return (await this.#rest.request({
      method: "POST",
      path,
      body,
      form,
      signal,
      idempotencyKey: idempotencyKey ?? undefined,
    })) as Answer;
  }
}
