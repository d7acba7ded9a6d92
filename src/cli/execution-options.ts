import type { ExecutionStatus } from "../protocol/rest.ts";
import type { MasterOptions } from "./master-options.ts";

/** The options of the commands below `executions`, as commander gives them. */
export interface ExecutionListOptions extends MasterOptions {
  readonly status?: ExecutionStatus;
  readonly workflow?: string;
  readonly limit?: number;
  readonly offset?: number;
}

export interface ReportOptions extends MasterOptions {
  readonly outJson?: string;
  readonly report?: readonly string[];
}

export interface WatchOptions extends MasterOptions {
  readonly quiet?: boolean;
  readonly failOnDegraded?: boolean;
}

export interface PauseOptions extends MasterOptions {
  /** Of this one alone. */
  readonly scenario?: string;
}

export interface ScaleOptions extends MasterOptions {
  /** As written: `30s`. */
  readonly over?: string;
  readonly scenario?: string;
  /** The target is a rate. */
  readonly rate?: boolean;
}

export interface StopOptions extends MasterOptions {
  /** As written: `5s`. */
  readonly grace?: string;
  readonly force?: boolean;
}
