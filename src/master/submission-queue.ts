import { EngineError } from "../errors.ts";
import { refuseSearched } from "../cluster/limit-state.ts";
import { checkScale } from "../plan/check-scale.ts";
import { makePlan } from "../plan/make-plan.ts";
import type { Plan } from "../protocol/plan.ts";
import type { Clock } from "../protocol/ports.ts";
import type { StreamMessage } from "../protocol/rest.ts";
import type { Store } from "../store/store.ts";
import { dealPlan } from "./deal-plan.ts";
import type { ExecutionFiles } from "./execution-files.ts";
import { countWritten, type ExecutionCard } from "./describe-execution.ts";
import { describeWaiting } from "./describe-metrics.ts";
import { storeUnstarted, unstartable, type UnstartedEnd } from "./end-unstarted.ts";
import type { ScaleRequest, Submission } from "./executions.ts";
import { needsOf } from "./fleet-options.ts";
import type { RegisteredSlave, Registry } from "./registered-slave.ts";
import type { RoomLedger } from "./room-ledger.ts";
import { selectFleet } from "./select-fleet.ts";
import type { ChosenSlave, Refusal, SlaveNeeds } from "./select-slaves.ts";
import { createRow, type StoredSubmission } from "./stored-execution.ts";
import type { TrackedWork } from "./tracked-work.ts";
import { createWatchers, type Watchers } from "./watchers.ts";

/** An execution that waits for its turn, or for capacity. */
export interface QueuedExecution {
  readonly card: ExecutionCard;
  readonly submission: Submission;
  readonly plan: Plan;
  readonly needs: readonly SlaveNeeds[];
  /** Asked for while it waits; they act when it starts. */
  readonly scales: QueuedScale[];
  /** They go on to follow it when it starts. */
  readonly watchers: Watchers;
  /** Tells at once, and with every tick, that it waits. Gives what ends the watch. */
  watch(listener: (message: StreamMessage) => void): () => void;
  /** The store's token for its owner; null: it is not stored yet, or is about to end. */
  token: number | null;
  /** `Clock.now()` since when it had a place and no slaves; null: it had no place, or there are slaves. */
  lackingSince: number | null;
}

export type QueuedScale = ScaleRequest & { readonly scenario: string };

export interface SubmissionQueueOptions {
  readonly store: Store;
  readonly registry: Pick<Registry, "list">;
  readonly ledger: RoomLedger;
  readonly clock: Clock;
  readonly work: TrackedWork;
  readonly files: Pick<ExecutionFiles, "keep">;
  /** `timeoutMs`: H, for which slaves that are gone may come back: a link that broke, or a master that has just started. */
  readonly limits: { readonly maxExecutions: number; readonly queueSize: number; readonly timeoutMs: number };
  readonly engineVersion: string;
  /** Executions that run. */
  countActive(): number;
  /** Steers it at once, so that it is always either here or there. */
  start(queued: QueuedExecution, token: number, slaves: readonly ChosenSlave[]): void;
}

/** Executions that were accepted and do not run yet. */
export interface SubmissionQueue {
  /** In their order. */
  readonly waiting: readonly QueuedExecution[];
  /** Stores a submission; then it starts or waits. Throws EngineError `scheduling_failed` and `queue_full`. */
  submit(submission: Submission, id: string): Promise<ExecutionCard>;
  /** One whose submission is stored already. */
  enqueue(card: ExecutionCard, submission: Submission, plan: Plan, token: number | null): QueuedExecution;
  /** Ends one that waits; its report is stored then. */
  abandon(queued: QueuedExecution, how: Pick<UnstartedEnd, "status" | "reason">, message: string): Promise<void>;
  /** Keeps a scale for its start. Throws EngineError as if it ran, but for want of room where it waits for room. */
  scale(queued: QueuedExecution, request: QueuedScale): void;
  /**
   * Starts those that can be, in order, while there are places; `tried`: only these. One that waits for capacity holds up
   * nobody; one whose slaves are gone for H ends, unless it asked to wait.
   */
  pump(tried?: readonly QueuedExecution[]): void;
  /** Once a second. */
  tick(): void;
}

/** Nobody waits. */
export function createSubmissionQueue(options: SubmissionQueueOptions): SubmissionQueue {
  const { store, registry, ledger, clock, work, limits, engineVersion } = options;
  const waiting: QueuedExecution[] = [];
  const remove = (queued: QueuedExecution): void => {
    const place = waiting.indexOf(queued);
    if (place !== -1) waiting.splice(place, 1);
  };

  const enqueue: SubmissionQueue["enqueue"] = (card, submission, plan, token) => {
    const needs = needsOf(plan);
    const watchers = createWatchers();
    const watch: QueuedExecution["watch"] = (listener) => {
      const leave = watchers.add(listener);
      listener(describeWaiting(card, clock.wall()));
      return leave;
    };
    const state = { token, lackingSince: null };
    const queued: QueuedExecution = { card, submission, plan, needs, scales: [], watchers, watch, ...state };
    waiting.push(queued);
    return queued;
  };
  const abandon: SubmissionQueue["abandon"] = async (queued, how, message) => {
    const { card, watchers } = queued;
    // Nobody starts it meanwhile, and it is seen until its end is stored.
    const { token } = queued;
    queued.token = null;
    try {
      const { report } = await storeUnstarted(store, card, { ...how, at: clock.wall(), engineVersion }, message);
      remove(queued);
      for (const event of report.events) watchers.tell({ type: "event", event });
      watchers.finish({ type: "complete", status: report.status, report });
    } catch (error) {
      queued.token = token;
      throw error;
    }
  };
  const pump: SubmissionQueue["pump"] = (tried = waiting) => {
    let slaves: readonly RegisteredSlave[] | null = null;
    let isFull = options.countActive() >= limits.maxExecutions;
    for (const queued of tried.slice()) {
      const { token } = queued;
      if (isFull) queued.lackingSince = null;
      if (isFull || token === null) continue;
      const selection = selectFleet((slaves ??= registry.list()), queued.plan, queued.needs);
      if (!("error" in selection)) {
        remove(queued);
        options.start(queued, token, selection.chosen);
        // What it holds now is not free for the next.
        slaves = null;
        isFull = options.countActive() >= limits.maxExecutions;
      } else lack(queued, selection);
    }
  };
  const lack = (queued: QueuedExecution, { lacks, error }: Refusal): void => {
    const now = clock.now();
    queued.lackingSince = lacks === "room" || queued.submission.queue ? null : (queued.lackingSince ?? now);
    if (queued.lackingSince === null || now < queued.lackingSince + limits.timeoutMs) return;
    const message = `${error.message}; no slave came for it within ${limits.timeoutMs} ms`;
    work.track(abandon(queued, unstartable, message), `the end of ${queued.card.id}`);
  };
  /** Decides on a submission; gives the VUs that it will hold, null: it waits. */
  const schedule = (plan: Plan, { queue }: Submission): ReadonlyMap<string, number> | null => {
    const isFull = options.countActive() + waiting.length >= limits.maxExecutions;
    // Who waits for its turn needs slaves that could do it once they are free.
    const slaves = registry.list().map((slave) => (isFull ? asIdle(slave) : slave));
    const selection = selectFleet(slaves, plan, needsOf(plan));
    if ("error" in selection && !(selection.lacks !== null && queue)) throw selection.error;
    if (!isFull && !("error" in selection)) {
      return new Map(dealPlan(plan, selection.chosen).map(({ id, vus }) => [id, vus]));
    }
    if (waiting.length < limits.queueSize) return null;
    throw new EngineError("queue_full", `${waiting.length} executions wait already: submit it again later`);
  };

  return {
    waiting,
    async submit(submission, id) {
      const { workflow, inputs, queue } = submission;
      const plan = makePlan(workflow);
      const held = schedule(plan, submission);
      const card: ExecutionCard = { id, workflow, createdAt: clock.wall(), vus: countWritten(plan) };
      const queued = enqueue(card, submission, plan, null);
      // Held at once: the next submission must not be promised the same room.
      if (held !== null) ledger.set(card.id, held);
      const hadSecrets = Object.keys(inputs.secrets).length > 0;
      const stored: StoredSubmission = { workflow, env: inputs.env, hadSecrets, queue };
      try {
        if (submission.upload !== null) await options.files.keep(card.id, workflow.files, submission.upload);
        await store.putDocument(card.id, "submission", stored);
        const token = await store.acquire(card.id, Math.floor(clock.wall()));
        await store.putIndex(createRow(card, "pending", null));
        queued.token = token;
      } catch (error) {
        remove(queued);
        work.track(store.purge(card.id), `forgetting ${card.id}`);
        throw error;
      } finally {
        ledger.release(card.id);
      }
      pump([queued]);
      return card;
    },
    enqueue,
    abandon: async (queued, how, message) => {
      if (queued.token !== null) await abandon(queued, how, message);
    },
    scale(queued, request) {
      const { plan, needs, submission, scales } = queued;
      const { scenario, target, of } = request;
      const place = checkScale(plan, scenario, target);
      refuseSearched(plan, scenario);
      const scaled = needs.map((need, at) => (at === place && of === "vus" ? { ...need, vus: target } : need));
      const selection = selectFleet(registry.list().map(asIdle), plan, scaled);
      if (!submission.queue && "error" in selection && selection.lacks === "room") {
        throw new EngineError("conflict", selection.error.message);
      }
      scales.push(request);
    },
    pump,
    tick() {
      for (const { card, watchers } of waiting) {
        if (watchers.count > 0) watchers.tell(describeWaiting(card, clock.wall()));
      }
    },
  };
}

function asIdle(slave: RegisteredSlave): RegisteredSlave {
  return { ...slave, heldVus: 0, state: slave.state === "busy" ? "online" : slave.state };
}
