import type { Inputs } from "../protocol/message.ts";
import type { Upload } from "./execution-files.ts";
import type { Report, TimeSeries } from "../protocol/report.ts";
import type {
  Execution,
  ExecutionList,
  ExecutionStatus,
  FileList,
  LogList,
  Metrics,
  SlaveConnection,
  StreamMessage,
  SubmitAnswer,
  WorkflowList,
  WorkflowSummary,
} from "../protocol/rest.ts";
import type { Workflow } from "../protocol/workflow.ts";

/** A workflow that was read and checked, with what goes in with it. */
export interface Submission {
  /** `-e` values and tags merged in. */
  readonly workflow: Workflow;
  /** Secrets stay in memory; they are in no answer and in no store. */
  readonly inputs: Inputs;
  /** Waits as `pending` where there is no capacity, instead of being refused. */
  readonly queue: boolean;
  /** Files that came with it; null: none. */
  readonly upload: Upload | null;
}

export interface ExecutionQuery {
  readonly status?: ExecutionStatus;
  readonly workflowId?: string;
  /** From 1. */
  readonly limit: number;
  /** From 0. */
  readonly offset: number;
}

export interface TimeSeriesQuery {
  /** Test seconds are counted from the start: ms since the start instant; default: all. */
  readonly fromMs?: number;
  readonly toMs?: number;
  /** The least width of a point, ms. */
  readonly stepMs?: number;
  /** Points are merged until no more than so many are left. */
  readonly maxPoints?: number;
  /** What this slave measured; default: all of them. */
  readonly slave?: string;
  /** Default: all. */
  readonly scenario?: string;
}

export interface ScaleRequest {
  /** VUs, or starts per time unit of an arrival rate. */
  readonly target: number;
  /** What `target` is. */
  readonly of: "vus" | "rate";
  /** null: the only scenario. */
  readonly scenario: string | null;
  /** Ramped over so much test time, ms; 0: at once. */
  readonly overMs: number;
}

export interface StopRequest {
  /** What running iterations get, ms; null: the workflow's graceful stop, at most 5 s. */
  readonly graceMs: number | null;
  readonly force: boolean;
  readonly reason: "stopped_by_api" | "stopped_by_signal";
}

/**
 * All executions that this master knows: those it steers and those that have ended. Ids are exact; `latest` is the
 * caller's matter (`latestId`). Commands resolve once every slave has acted on them; they throw EngineError `not_found`
 * for an unknown id and `conflict` where the execution cannot do it.
 */
export interface Executions {
  /**
   * `id`: what the execution is to be called, used by nobody else; default: a new one. Throws EngineError
   * `scheduling_failed`, `queue_full`, `not_ready`; then nothing is left behind.
   */
  submit(submission: Submission, id?: string): Promise<SubmitAnswer>;
  /** Newest first. */
  list(query: ExecutionQuery): Promise<ExecutionList>;
  /** The newest execution's id; null: there is none. */
  latestId(): Promise<string | null>;
  /** null: unknown id; so for all below. */
  describe(id: string): Promise<Execution | null>;
  metrics(id: string): Promise<Metrics | null>;
  /** Throws `conflict` until the execution has ended. */
  report(id: string): Promise<Report | null>;
  timeSeries(id: string, query: TimeSeriesQuery): Promise<TimeSeries | null>;
  logs(id: string): Promise<LogList | null>;
  listWorkflows(): Promise<WorkflowList>;
  describeWorkflow(id: string): Promise<WorkflowSummary | null>;
  /** Repeating it changes nothing. `scenario`: of this one alone; null: of all. Gives the status after it. */
  pause(id: string, scenario: string | null): Promise<ExecutionStatus>;
  resume(id: string, scenario: string | null): Promise<ExecutionStatus>;
  /** Gives the target that is in force. */
  scale(id: string, request: ScaleRequest): Promise<number>;
  /** An ended one: nothing. A second one of a stopping execution, or `force`: no grace. Resolves when it is stopping. */
  stop(id: string, request: StopRequest): Promise<void>;
  /** Stops all active executions of a workflow; gives their ids; null: unknown workflow. */
  stopWorkflow(workflowId: string, request: StopRequest): Promise<readonly string[] | null>;
  /** Where a file is that came with an execution, for a slave that takes part in it; null: it is not its. */
  locateInput(id: string, slaveId: string, hash: string): string | null;
  /** The files that an execution has written so far; null: unknown id. */
  listFiles(id: string): Promise<FileList | null>;
  /** Where one of them is, by its name; null: there is none. */
  locateFile(id: string, name: string): Promise<string | null>;
  /** Removes an ended execution's record. */
  purge(id: string): Promise<void>;
  /** Relieves a slave of its VUs in every execution; `not_found` for an unknown one. Gives its state after it. */
  drain(slaveId: string): Promise<SlaveConnection>;
  undrain(slaveId: string): Promise<SlaveConnection>;
  /**
   * `metrics` at once and every second, `event` for each new one, `complete` last. Gives what ends the watch; null: it is
   * not active here (ended, or unknown).
   */
  watch(id: string, listener: (message: StreamMessage) => void): (() => void) | null;
  /** Executions that have not ended. */
  count(): { readonly active: number; readonly pending: number };
  /** True once unfinished executions of the store are taken up, but for those that it could not give yet. */
  readonly ready: boolean;
  /** May an execution of this id still be taken up from the store? Ask before it is looked for. */
  isAwaited(id: string): boolean;
  /** Within 10 s: memory stores stop their executions first, others leave them to their slaves' leases. Idempotent. */
  close(): Promise<void>;
}
