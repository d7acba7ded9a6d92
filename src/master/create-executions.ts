import { EngineError } from "../errors.ts";
import type { TimeSeries } from "../protocol/report.ts";
import type { Execution, SlaveConnection, WorkflowSummary } from "../protocol/rest.ts";
import type { IndexRow, Store } from "../store/store.ts";
import { type Archive, notEnded } from "./archive.ts";
import { createCommands } from "./commands.ts";
import { describePending } from "./describe-execution.ts";
import { describeUntaken } from "./end-untaken.ts";
import { describeNoMetrics } from "./describe-metrics.ts";
import { checkOutputFiles, isOutputFileName } from "./execution-outputs.ts";
import type { ExecutionFiles } from "./execution-files.ts";
import type { Executions, TimeSeriesQuery } from "./executions.ts";
import type { Registry } from "./registered-slave.ts";
import type { SteeredExecution } from "./steer-execution.ts";
import type { Steering } from "./steering.ts";
import { viewTimeSeries } from "./view-time-series.ts";
import { createNotTakenUp, createUnknownExecution } from "./unknown-execution.ts";

export interface ExecutionsOptions {
  readonly files: Pick<ExecutionFiles, "locate" | "locateOutput" | "listOutputs">;
  readonly steering: Steering;
  readonly archive: Archive;
  readonly store: Store;
  readonly registry: Registry;
  createId(): string;
  /** Told the secrets of each submit. */
  noteSecrets(secrets: Readonly<Record<string, string>>): void;
  close(): Promise<void>;
}

/** What the API asks of executions, answered by those that are steered, those that wait and the archive. */
export function createExecutions(options: ExecutionsOptions): Executions {
  const { steering, archive, store, registry } = options;
  const commands = createCommands(steering, archive, options.createId);

  const find = (id: string): SteeredExecution | null => {
    const steered = steering.steered.get(id);
    return steered === undefined || steered.report !== null ? null : steered;
  };
  const findQueued = (id: string) => steering.queue.find(({ card }) => card.id === id) ?? null;
  const describe = async (id: string): Promise<Execution | null> => {
    const queued = findQueued(id);
    if (queued !== null) return describePending(queued.card);
    return find(id)?.describe() ?? (await archive.describe(id));
  };
  const describeRow = async (row: IndexRow): Promise<Execution[]> => {
    const described = await describe(row.executionId);
    if (described !== null) return [described];
    const untaken = describeUntaken(row, (await archive.submission(row.executionId))?.workflow ?? null);
    return untaken === null ? [] : [untaken];
  };
  const summarizeWorkflow = async (rows: readonly IndexRow[]): Promise<WorkflowSummary | null> => {
    const [latest] = rows;
    const first = rows.at(-1);
    if (latest === undefined || first === undefined) return null;
    const submission = await archive.submission(latest.executionId);
    const status = (await describeRow(latest))[0]?.status;
    if (submission === null || status === undefined) return null;
    const { workflow } = submission;
    return {
      id: workflow.id,
      name: workflow.name,
      description: workflow.description,
      status,
      created_at: new Date(first.createdAt).toISOString(),
      options: workflow.options,
      latest_execution_id: latest.executionId,
      executions: rows.map(({ executionId }) => executionId),
    };
  };
  const setDraining = (id: string, draining: boolean): SlaveConnection => {
    if (!registry.setDraining(id, draining)) {
      throw new EngineError("not_found", `there is no slave ${id}; see: workflow-engine slaves list`);
    }
    return registry.get(id)?.state ?? "offline";
  };

  return {
    async submit(submission, id = options.createId()) {
      checkOutputFiles(submission.workflow);
      options.noteSecrets(submission.inputs.secrets);
      const card = await steering.submit(submission, id);
      return { execution_id: card.id, workflow_id: card.workflow.id, status: "submitted" };
    },
    async list({ status, workflowId, limit, offset }) {
      // A status that was just acknowledged is found under its new name.
      await steering.settled();
      const query = {
        ...(status === undefined ? {} : { status }),
        ...(workflowId === undefined ? {} : { workflowId }),
      };
      const { rows, total } = await archive.list({ ...query, limit, offset });
      const described = await Promise.all(rows.map(describeRow));
      return { executions: described.flat(), total };
    },
    async latestId() {
      const { rows } = await archive.list({ limit: 1, offset: 0 });
      return rows[0]?.executionId ?? null;
    },
    describe,
    async metrics(id) {
      const queued = findQueued(id);
      if (queued !== null) return describeNoMetrics(queued.card);
      return find(id)?.metrics() ?? (await archive.metrics(id));
    },
    async report(id) {
      if (findQueued(id) !== null || find(id) !== null) throw notEnded(id);
      return archive.report(id);
    },
    async timeSeries(id, query: TimeSeriesQuery): Promise<TimeSeries | null> {
      if (findQueued(id) !== null) return { interval_ms: 1_000, points: [] };
      const steered = find(id);
      if (steered === null) return archive.timeSeries(id, query);
      const { snapshot, started, plan } = steered.live.fleet.core;
      const names = plan.workflow.scenarios.map(({ name }) => name);
      return viewTimeSeries(snapshot, names, started?.wall ?? null, query);
    },
    async logs(id) {
      if (findQueued(id) !== null) return { logs: [], dropped: 0 };
      return find(id)?.logs.list() ?? (await archive.logs(id));
    },
    async listWorkflows() {
      const byWorkflow = Map.groupBy(await archive.listAll({}), ({ workflowId }) => workflowId);
      const found = await Promise.all([...byWorkflow.values()].map(summarizeWorkflow));
      const workflows = found.filter((summary) => summary !== null);
      return { workflows, total: workflows.length };
    },
    describeWorkflow: async (id) => summarizeWorkflow(await archive.listAll({ workflowId: id })),
    pause: commands.pause,
    resume: commands.resume,
    scale: commands.scale,
    stop: commands.stop,
    async stopWorkflow(workflowId, request) {
      const { ready } = steering;
      const rows = await archive.listAll({ workflowId });
      if (rows.length === 0) return null;
      if (!ready || rows.some(({ executionId: id }) => steering.untaken.has(id))) throw createNotTakenUp();
      const active = rows.filter(({ executionId: id }) => findQueued(id) !== null || find(id) !== null);
      await Promise.all(active.map(({ executionId }) => commands.stop(executionId, request)));
      return active.map(({ executionId }) => executionId);
    },
    locateInput(id, slaveId, hash) {
      const steered = find(id);
      const isMember = steered?.live.fleet.members.has(slaveId) === true;
      const isNamed = steered?.card.workflow.files.some((file) => file.hash === hash) === true;
      return isMember && isNamed ? options.files.locate(id, hash) : null;
    },
    async listFiles(id) {
      if ((await describe(id)) === null) return null;
      return { files: await options.files.listOutputs(id) };
    },
    async locateFile(id, name) {
      if (!isOutputFileName(name) || (await describe(id)) === null) return null;
      const files = await options.files.listOutputs(id);
      return files.some((file) => file.name === name) ? options.files.locateOutput(id, name) : null;
    },
    async purge(id) {
      if (findQueued(id) !== null || find(id) !== null) {
        throw new EngineError("conflict", `execution ${id} has not ended: only the record of an ended one is removed`, {
          hint: "stop it first, and wait for its end",
        });
      }
      const isAwaited = steering.untaken.has(id);
      if ((await archive.describe(id)) === null) throw isAwaited ? createNotTakenUp() : createUnknownExecution(id);
      await store.purge(id);
    },
    drain: async (slaveId) => setDraining(slaveId, true),
    undrain: async (slaveId) => setDraining(slaveId, false),
    watch: (id, listener) => find(id)?.watch(listener) ?? findQueued(id)?.watch(listener) ?? null,
    count() {
      const steered = [...steering.steered.values()].filter(({ report }) => report === null).length;
      const { active, pending } = steering.untaken.count();
      return { active: steered + active, pending: steering.queue.length + pending };
    },
    get ready() {
      return steering.ready;
    },
    isAwaited: (id) => steering.untaken.has(id),
    close: options.close,
  };
}
