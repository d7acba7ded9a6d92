import { EngineError } from "../errors.ts";
import { unpackSnapshot } from "../measure/pack-snapshot.ts";
import type { Snapshot } from "../measure/snapshot.ts";
import type { MergedState } from "./merged-state.ts";
import type { Report, TimeSeries } from "../protocol/report.ts";
import type { Execution, LogList, Metrics } from "../protocol/rest.ts";
import type { IndexPage, IndexQuery, IndexRow, Store } from "../store/store.ts";
import type { TimeSeriesQuery } from "./executions.ts";
import { isFinal, readDocument, type StoredSubmission } from "./stored-execution.ts";
import { viewTimeSeries } from "./view-time-series.ts";

/** What the store knows of executions that have ended, and the list of all. null: unknown, or not ended. */
export interface Archive {
  list(query: IndexQuery): Promise<IndexPage>;
  /** All rows that match, newest first. */
  listAll(query: Pick<IndexQuery, "workflowId" | "status">): Promise<readonly IndexRow[]>;
  submission(id: string): Promise<StoredSubmission | null>;
  describe(id: string): Promise<Execution | null>;
  metrics(id: string): Promise<Metrics | null>;
  report(id: string): Promise<Report | null>;
  logs(id: string): Promise<LogList | null>;
  timeSeries(id: string, query: TimeSeriesQuery): Promise<TimeSeries | null>;
  /** Forgets ended executions: older ones, and the oldest beyond the count. Gives how many. */
  retain(now: number, retention: Retention): Promise<number>;
}

export interface Retention {
  readonly maxAgeMs: number;
  readonly maxExecutions: number;
}

const pageSize = 500;

/** The archive of a store. */
export function createArchive(store: Store): Archive {
  const listAll: Archive["listAll"] = async (query) => {
    const all: IndexRow[] = [];
    for (;;) {
      const { rows } = await store.listIndex({ ...query, limit: pageSize, offset: all.length });
      all.push(...rows);
      if (rows.length < pageSize) return all;
    }
  };
  const purgeEnded = async (rows: readonly IndexRow[]): Promise<number> => {
    const ended = rows.filter(({ status }) => isFinal(status));
    for (const { executionId } of ended) await store.purge(executionId);
    return ended.length;
  };
  return {
    list: (query) => store.listIndex(query),
    listAll,
    submission: (id) => readDocument(store, id, "submission"),
    describe: (id) => readDocument(store, id, "execution"),
    metrics: (id) => readDocument(store, id, "metrics"),
    report: (id) => readDocument(store, id, "report"),
    logs: (id) => readDocument(store, id, "logs"),
    async timeSeries(id, query) {
      const report = await readDocument(store, id, "report");
      if (report === null) return null;
      const [stored, submission] = await Promise.all([store.readSnapshot(id), readDocument(store, id, "submission")]);
      if (stored === null) return report.timeseries;
      const names = submission?.workflow.scenarios?.map(({ name }) => name) ?? [];
      const startedAt = report.start_time === null ? null : Date.parse(report.start_time);
      let snapshot: Snapshot;
      try {
        snapshot = unpackSnapshot((stored.packed as MergedState).snapshot);
      } catch {
        // For that it may have ended.
        return report.timeseries;
      }
      return viewTimeSeries(snapshot, names, startedAt, query);
    },
    async retain(now, { maxAgeMs, maxExecutions }) {
      let forgotten = 0;
      for (;;) {
        const old = await store.listIndex({ endedBefore: now - maxAgeMs, limit: pageSize, offset: 0 });
        const count = await purgeEnded(old.rows);
        forgotten += count;
        if (count === 0) break;
      }
      // Those that run or wait take no place of those that have ended.
      const ended = (await listAll({})).filter(({ status }) => isFinal(status));
      return forgotten + (await purgeEnded(ended.slice(maxExecutions)));
    },
  };
}

/** Refuses what only an ended execution has. */
export function notEnded(id: string): EngineError {
  return new EngineError("conflict", `execution ${id} has not ended: its report comes with its end`, {
    hint: "stop it, or wait for it",
  });
}
