import type { Report } from "../protocol/report.ts";
import type { Execution, ExecutionStatus, LogList, Metrics } from "../protocol/rest.ts";
import type { Workflow } from "../protocol/workflow.ts";
import type { IndexRow, Store } from "../store/store.ts";
import type { ExecutionCard } from "./describe-execution.ts";

/** What is kept of a submission. Secrets are not. */
export interface StoredSubmission {
  readonly workflow: Workflow;
  readonly env: Readonly<Record<string, string>>;
  /** It came with secrets, which are gone with the master that took it. */
  readonly hadSecrets: boolean;
  readonly queue: boolean;
}

/** What is kept of an execution that has ended. */
export interface StoredEnd {
  readonly execution: Execution;
  readonly metrics: Metrics;
  readonly report: Report;
  readonly logs: LogList;
}

/** The row of the list of executions. */
export function createRow(card: ExecutionCard, status: ExecutionStatus, endedAt: number | null): IndexRow {
  const { id, workflow, createdAt } = card;
  return { executionId: id, workflowId: workflow.id, workflowName: workflow.name, status, createdAt, endedAt };
}

/** An ended execution's documents, its row last: a final status is never seen without its report. */
export async function storeEnd(store: Store, card: ExecutionCard, end: StoredEnd, endedAt: number): Promise<void> {
  await Promise.all([
    store.putDocument(card.id, "report", end.report),
    store.putDocument(card.id, "execution", end.execution),
    store.putDocument(card.id, "metrics", end.metrics),
    store.putDocument(card.id, "logs", end.logs),
  ]);
  await store.putIndex(createRow(card, end.execution.status, endedAt));
}

/** Only this master's own kind writes these documents; null: there is none. */
export async function readDocument<Name extends "submission" | keyof StoredEnd>(
  store: Store,
  executionId: string,
  name: Name,
): Promise<DocumentOf<Name> | null> {
  return (await store.getDocument(executionId, name)) as DocumentOf<Name> | null;
}

type DocumentOf<Name> = Name extends keyof StoredEnd
  ? StoredEnd[Name]
  : Name extends "submission"
    ? StoredSubmission
    : never;

/** Has an execution of this status ended? */
export function isFinal(status: string): boolean {
  return status === "completed" || status === "failed" || status === "aborted";
}
