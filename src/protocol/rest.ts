import type { JsonObject } from "./json.ts";
import type { Problem } from "./problem.ts";
import type {
  ExecutionEvent,
  OutputState,
  Reason,
  Report,
  ReportError,
  StepMetrics,
  ThresholdResult,
} from "./report.ts";

/**
 * The bodies of the REST API under `/api/v1`, exactly as they travel (CONTRACT 3). Times are RFC 3339 UTC, measured
 * times milliseconds with 3 decimals, shares and progress 0..1, unknown is null.
 */

export const executionStatuses = ["pending", "running", "paused", "completed", "failed", "aborted"] as const;

/** `pending → running ⇄ paused → completed | failed | aborted`; the last three are final. */
export type ExecutionStatus = (typeof executionStatuses)[number];

export type ExecutionPhase = "queued" | "preparing" | "setup" | "running" | "stopping" | "teardown" | "done";

/** `GET /executions/:id`. */
export interface Execution {
  readonly id: string;
  readonly workflow_id: string;
  readonly workflow_name: string;
  readonly status: ExecutionStatus;
  readonly phase: ExecutionPhase;
  /** null until the end. */
  readonly passed: boolean | null;
  readonly degraded: boolean;
  readonly reason: Reason | null;
  /** The load mode; `scenarios` where several differ. */
  readonly mode: string;
  /** 0..1; null where the load has no end. */
  readonly progress: number | null;
  readonly target_vus: number;
  /** VUs started and not ended, think time included. */
  readonly active_vus: number;
  readonly created_at: string;
  readonly start_time: string | null;
  readonly end_time: string | null;
  readonly duration_ms: number;
  readonly paused_ms: number;
  /** Scenarios that are paused by themselves, in the workflow's order. */
  readonly paused_scenarios: readonly string[];
  readonly slave_states: Readonly<Record<string, SlaveState>>;
  readonly thresholds: readonly ThresholdResult[];
  readonly errors: readonly ReportError[];
  readonly events: readonly ExecutionEvent[];
  /** Its live streams of metrics, in the order in which they were asked for; empty while it waits for its turn. */
  readonly outputs: readonly OutputState[];
  readonly tags: Readonly<Record<string, string>>;
}

/** What a slave is to one execution. */
export interface SlaveState {
  readonly slave_id: string;
  readonly status: "preparing" | "ready" | "running" | "draining" | "ended" | "lost";
  /** The size of its granted, acknowledged share. */
  readonly vus: number;
  readonly iterations: number;
}

/** `GET /executions`: newest first; `total` counts all that match. */
export interface ExecutionList {
  readonly executions: readonly Execution[];
  readonly total: number;
}

/** `GET /executions/:id/files`: what its outputs have written so far, by name. */
export interface FileList {
  readonly files: readonly { readonly name: string; readonly size: number }[];
}

/** `GET /executions/:id/metrics`: of the whole cluster, from merged histograms. */
export interface Metrics {
  readonly execution_id: string;
  readonly total_vus: number;
  readonly total_iterations: number;
  readonly total_requests: number;
  readonly duration_ms: number;
  readonly step_metrics: Readonly<Record<string, StepMetrics>>;
  readonly metrics: Readonly<Record<string, MetricSummary>>;
  readonly thresholds: readonly ThresholdResult[];
}

/** `values` has k6's keys, as in the report. */
export interface MetricSummary {
  readonly type: "counter" | "gauge" | "rate" | "trend";
  readonly values: Readonly<Record<string, number | null>>;
}

/** `GET /slaves/:id`. */
export interface Slave {
  readonly id: string;
  readonly type: "worker" | "gateway" | "aggregator";
  readonly address: string;
  readonly version: string;
  readonly capabilities: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** null: no limit (the slave inside a standalone master). */
  readonly max_vus: number | null;
  readonly status: SlaveStatus;
}

/** `busy`: no free VUs. */
export type SlaveConnection = "online" | "busy" | "draining" | "offline";

export interface SlaveStatus {
  readonly state: SlaveConnection;
  /** Share of `max_vus` in use, 0..1. */
  readonly load: number;
  readonly active_vus: number;
  /** Executions it takes part in. */
  readonly active_tasks: number;
  /** Share of its processors, 0..1. */
  readonly cpu: number | null;
  /** Resident bytes. */
  readonly memory: number | null;
  readonly event_loop_lag_ms: number | null;
  readonly last_seen: string;
}

/** `GET /slaves`. */
export interface SlaveList {
  readonly slaves: readonly Slave[];
  readonly total: number;
}

/** `GET /workflows/:id`: the workflow as its latest execution had it. */
export interface WorkflowSummary {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  /** Of the latest execution. */
  readonly status: ExecutionStatus;
  /** Of the first execution. */
  readonly created_at: string;
  readonly options: JsonObject;
  readonly latest_execution_id: string;
  /** Newest first. */
  readonly executions: readonly string[];
}

/** `GET /workflows`. */
export interface WorkflowList {
  readonly workflows: readonly WorkflowSummary[];
  readonly total: number;
}

/** `POST /workflows` as an envelope: exactly one of `workflow` and `yaml`. */
export interface SubmitBody {
  readonly workflow?: JsonObject;
  readonly yaml?: string;
  /** What the default id of the workflow is made from. */
  readonly file_name?: string;
  /** Values that win over the workflow's variables, as `-e` does; also `env.X`. */
  readonly variables?: Readonly<Record<string, string>>;
  /** `env.X` alone. */
  readonly env?: Readonly<Record<string, string>>;
  /** `secret.X`: never stored, shown nowhere. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Replaces fields of the workflow's `options`. */
  readonly options?: JsonObject;
  /** Runs this scenario alone. */
  readonly scenario?: string;
  /** No certificate is verified. */
  readonly insecure?: boolean;
  /** Added to the workflow's tags. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Files that the workflow names, relative to it: their bytes in base64. */
  readonly files?: Readonly<Record<string, string>>;
  /** Waits as `pending` where there is no capacity, instead of 409. */
  readonly queue?: boolean;
}

/** 201 of `POST /workflows`. */
export interface SubmitAnswer {
  readonly execution_id: string;
  readonly workflow_id: string;
  readonly status: "submitted";
}

/** `POST /workflows/validate`. */
export interface ValidateAnswer {
  readonly valid: boolean;
  readonly problems: readonly Problem[];
}

/** `DELETE /workflows/:id`. */
export interface StopWorkflowAnswer {
  readonly success: true;
  readonly stopped: readonly string[];
}

/** `POST /executions/:id/scale`: exactly one of `target_vus` and `target_rate`. */
export interface ScaleBody {
  readonly target_vus?: number;
  readonly target_rate?: number;
  /** Default: the only scenario. */
  readonly scenario?: string;
  /** A duration (`30s`) or milliseconds; default at once. */
  readonly over?: string | number;
}

/** 200 of `POST /executions/:id/scale`: the field that was asked for, as it is in force. */
export interface ScaleAnswer {
  readonly success: true;
  readonly target_vus?: number;
  readonly target_rate?: number;
}

/** `POST /executions/:id/pause` and `/resume`; no body: of all scenarios. */
export interface PauseBody {
  /** Of this scenario alone; the execution's status stays `running`. Default: of all. */
  readonly scenario?: string;
}

/** 200 of `POST /executions/:id/pause` and `/resume`. */
export interface ControlAnswer {
  readonly success: true;
  readonly status: ExecutionStatus;
}

/** `POST /slaves/:id/drain` and `/undrain`. */
export interface DrainAnswer {
  readonly success: true;
  readonly state: SlaveConnection;
}

/** One line of an execution's log. */
export interface LogLine {
  readonly time: string;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly slave_id?: string;
}

/** `GET /executions/:id/logs`. `dropped`: lines that did not fit into the bound. */
export interface LogList {
  readonly logs: readonly LogLine[];
  readonly dropped: number;
}

/** `GET /auth/me`: whose key it is. */
export interface WhoAmI {
  /** `anonymous` on a master without authentication. */
  readonly name: string;
  readonly role: "viewer" | "operator" | "admin" | "slave";
}

/** `POST /auth/ticket`: stands for the key on one WebSocket, as `?ticket=`, for 30 s. */
export interface TicketAnswer {
  readonly ticket: string;
}

/** Every answer that is no success. */
export interface ErrorBody {
  readonly error: string;
  readonly message: string;
  readonly hint?: string;
  readonly problems?: readonly Problem[];
}

/** A message of `GET /executions/:id/ws`. `complete` and `error` are the last. */
export type StreamMessage =
  | {
      readonly type: "metrics";
      readonly execution_id: string;
      readonly timestamp: string;
      readonly status: ExecutionStatus;
      readonly metrics: Metrics;
      /** Where a search for the limit is, for people (`level 3: 60/s`); null: there is none. */
      readonly level: string | null;
      readonly outputs: readonly OutputState[];
    }
  | { readonly type: "event"; readonly event: ExecutionEvent }
  | { readonly type: "complete"; readonly status: ExecutionStatus; readonly report: Report | null }
  | { readonly type: "error"; readonly error: string; readonly message: string };

/** `GET /master`: what `master status` shows. */
export interface MasterStatus {
  readonly id: string;
  readonly version: string;
  readonly ready: boolean;
  readonly uptime_ms: number;
  /** The kind of its store: `memory`, `sqlite`. */
  readonly store: string;
  readonly executions: Readonly<Record<"active" | "pending", number>>;
  readonly max_executions: number;
  readonly slaves: Readonly<Record<SlaveConnection, number>>;
  /** What the operator should know: an open listener, a store that forgets. */
  readonly warnings: readonly string[];
}
