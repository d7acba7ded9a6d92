import type { ExecutionEvent, Reason, Report, ThresholdResult } from "../protocol/report.ts";
import type { FoundLimit } from "../protocol/report.ts";
import type { Workflow } from "../protocol/workflow.ts";

/** What a report says that is not in the snapshot. Times are epoch milliseconds. */
export interface ExecutionFacts {
  readonly engineVersion: string;
  readonly executionId: string;
  readonly workflow: Workflow;
  readonly status: Report["status"];
  readonly passed: boolean;
  readonly degraded: boolean;
  readonly reason: Reason | null;
  /** The start instant; null: the load never started. */
  readonly startedAt: number | null;
  /** The end of the load. */
  readonly endedAt: number;
  readonly pausedMs: number;
  /** The final outcomes, in the workflow's order. */
  readonly thresholds: readonly ThresholdResult[];
  /** Default: no scenario searched. */
  readonly findLimit?: FoundLimit | null;
  readonly events: readonly ExecutionEvent[];
  readonly startSkewMs: number | null;
  /** Default: nothing. */
  readonly lost?: Report["lost"];
  /** Default: nothing. */
  readonly late?: Report["late"];
}
