import { createFleetState, type FleetState } from "../cluster/fleet-state.ts";
import { noteEvent } from "../cluster/owner-state.ts";
import { EngineError } from "../errors.ts";
import type { FromSlave } from "../protocol/link.ts";
import type { PackedOutputs } from "../outputs/open-outputs.ts";
import type { Alarm, Clock, Log, TargetLists } from "../protocol/ports.ts";
import type { Store } from "../store/store.ts";
import { answerStranger } from "./answer-stranger.ts";
import { dealPlan } from "./deal-plan.ts";
import type { ExecutionCard } from "./describe-execution.ts";
import { openExecutionOutputs } from "./execution-outputs.ts";
import type { ExecutionFiles } from "./execution-files.ts";
import type { Submission } from "./executions.ts";
import { createFleetOptions, createFleetSnapshot, needsOf } from "./fleet-options.ts";
import { createLateFrames } from "./late-frames.ts";
import { createLogLines } from "./log-lines.ts";
import { isReport } from "./reporters.ts";
import type { Registry, RegistryEvent } from "./registered-slave.ts";
import type { RoomLedger } from "./room-ledger.ts";
import { type ChosenSlave, listFull, type SlaveNeeds } from "./select-slaves.ts";
import { type SteeredExecution, steerExecution } from "./steer-execution.ts";
import { createRow } from "./stored-execution.ts";
import { createSubmissionQueue, type QueuedExecution, type SubmissionQueue } from "./submission-queue.ts";
import { createTargetRule } from "../target-rule.ts";
import { createTrackedWork } from "./tracked-work.ts";
import { createUntaken, type Untaken } from "./untaken.ts";
import { createWatchers, type Watchers } from "./watchers.ts";

export interface SteeringLimits {
  /** Executions that run at once. */
  readonly maxExecutions: number;
  /** Those that wait. */
  readonly queueSize: number;
  /** H and the heartbeat interval. */
  readonly timeoutMs: number;
  readonly intervalMs: number;
}

export interface SteeringSetup {
  readonly store: Store;
  readonly files: Pick<ExecutionFiles, "keep" | "locateOutput">;
  /** What outputs may be sent to. */
  readonly outputTargets: TargetLists;
  readonly registry: Registry;
  readonly ledger: RoomLedger;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: SteeringLimits;
  readonly engineVersion: string;
  createId(): string;
}

/** All executions that have not ended: those that run, in their fleets, and those that wait. */
export interface Steering {
  /** Also those that have ended while frames of theirs may still come. */
  readonly steered: ReadonlyMap<string, SteeredExecution>;
  readonly queue: readonly QueuedExecution[];
  readonly untaken: Pick<Untaken, "has" | "count">;
  readonly ready: boolean;
  /** Resolves when it is ready, or closed before. */
  readonly takenUp: Promise<void>;
  submit(submission: Submission, id: string): Promise<ExecutionCard>;
  /** Ends one that waits. */
  readonly abandon: SubmissionQueue["abandon"];
  /** Scales one that waits, at its start. */
  readonly scaleQueued: SubmissionQueue["scale"];
  /** Takes up what the store has not seen the end of. Once, before anything else; what it cannot give yet comes later. */
  takeUp(): Promise<void>;
  receive(slaveId: string, message: FromSlave & { readonly type: "fact" | "log" }): void;
  /** From a process whose id another has: what it measured, and that it lives as long as nobody else takes it for the slave. */
  receiveReport(slaveId: string, message: FromSlave & { readonly type: "fact" }): void;
  noteSlave(event: RegistryEvent): void;
  /** What was written of the list so far is durable. */
  settled(): Promise<void>;
  /** No execution is steered any more; their slaves go on under their leases. */
  close(): Promise<void>;
}

/** How long an ended execution waits for frames of slaves it has lost. */
const lingerMs = 30 * 60_000;
/** How far ahead the start instant is: by then the slowest of many must have been told; one has nobody to wait for. */
const togetherLeadMs = 500;
const aloneLeadMs = 50;

/** Nothing runs and nothing waits. */
export function createSteering(setup: SteeringSetup): Steering {
  const { store, registry, ledger, clock, log, engineVersion } = setup;
  const steered = new Map<string, SteeredExecution>();
  const work = createTrackedWork(log);
  const refuses = createTargetRule(setup.outputTargets, "master.outputs");
  const lateFrames = createLateFrames(store);
  /** Alarms of ended executions that wait for late frames. */
  const lingering = new Set<Alarm>();
  let ready = false;
  const takenUp = Promise.withResolvers<void>();
  let closed = false;
  let alarm: Alarm | null = null;

  const countActive = () =>
    [...steered.values()].filter(({ report }) => report === null).length + untaken.count().active;

  const steer = (
    card: ExecutionCard,
    fleet: FleetState,
    needs: readonly SlaveNeeds[],
    takesJoiners: boolean,
    watchers: Watchers,
    packed: PackedOutputs | null,
  ) => {
    const logs = createLogLines();
    const executionLog: Log = (level, message, fields) => log(level, message, { execution: card.id, ...fields });
    const execution: SteeredExecution = steerExecution({
      card,
      fleet,
      needs,
      takesJoiners,
      logs,
      watchers,
      store,
      clock,
      log: executionLog,
      registry,
      ledger,
      lateFrames,
      outputs: openExecutionOutputs(card, fleet, { ...setup, log: executionLog, refuses, packed }),
      engineVersion,
      onStatus: (status) => work.track(store.putIndex(createRow(card, status, null)), `the status of ${card.id}`),
      onEnded({ status, passed, reason }) {
        executionLog("info", `${card.workflow.id} has ended: ${status}`, { status, passed, reason });
        release(execution);
      },
      onOusted() {
        steered.delete(card.id);
        ledger.release(card.id);
      },
    });
    steered.set(card.id, execution);
    return execution;
  };
  const release = (execution: SteeredExecution): void => {
    const forget = () => {
      steered.delete(execution.card.id);
      work.track(execution.close(), `closing ${execution.card.id}`);
    };
    if (execution.settled) forget();
    else lingering.add(clock.at(clock.now() + lingerMs, forget));
    pump();
  };
  /** At once: an execution is always in the queue or steered. */
  const start = (queued: QueuedExecution, token: number, chosen: readonly ChosenSlave[]): void => {
    const { card, plan, submission, needs } = queued;
    const slaves = dealPlan(plan, chosen).map(({ id, share }) => ({ id, share, incarnation: 1 }));
    const snapshot = createFleetSnapshot(card.workflow);
    const common = createFleetOptions(setup, card.id, plan, submission.inputs);
    const startLeadMs = slaves.length === 1 ? aloneLeadMs : togetherLeadMs;
    const fleet = createFleetState({ ...common, startLeadMs, token, slaves, snapshot }, clock.now());
    const { live } = steer(card, fleet, needs, true, queued.watchers, null);
    const ids = slaves.map(({ id }) => id);
    log("info", `${card.workflow.id} begins`, { execution: card.id, workflow: card.workflow.id, slaves: ids });
    for (const id of listFull(needs, registry).filter((each) => !ids.includes(each))) {
      const message = `${id} was named and has no room: the others run its part`;
      noteEvent(live.fleet.core, "capacity_short", message, { wall: clock.wall() }, id);
    }
    live.tell({ type: "begin" });
    for (const { scenario, target, overMs } of queued.scales) {
      const command = live.command({ type: "scale", command: setup.createId(), scenario, target, overMs });
      // What it was checked for when it was asked: only the room may be another now.
      command.catch((error: unknown) => {
        const message = `${scenario} was not scaled to ${target}, as was asked for its start: ${describeError(error)}`;
        noteEvent(live.fleet.core, "capacity_short", message, { wall: clock.wall() });
        live.fleet.dirty = true;
        live.tell({ type: "tick" });
      });
    }
  };
  const queue = createSubmissionQueue({ ...setup, work, countActive, start });
  const pump = (): void => {
    if (!closed && ready) queue.pump();
  };
  const tick = (): void => {
    alarm = clock.at(clock.now() + 1_000, tick);
    for (const execution of steered.values()) execution.tick();
    queue.tick();
    pump();
  };

  const untaken = createUntaken({
    surroundings: {
      ...setup,
      queue,
      steer: (card, plan, fleet, takesJoiners, packed) =>
        steer(card, fleet, needsOf(plan), takesJoiners, createWatchers(), packed),
    },
    engineVersion,
    log,
    work,
    async drop(id) {
      const half = steered.get(id);
      steered.delete(id);
      ledger.release(id);
      await half?.close();
    },
  });

  const receive: Steering["receive"] = (slaveId, message) => {
    if (closed) return;
    const execution = steered.get(message.execution);
    // It is said again once somebody steers it.
    if (execution === undefined && untaken.has(message.execution)) return;
    if (message.type === "log") {
      const { level, message: text } = message;
      execution?.logs.add({ time: new Date(clock.wall()).toISOString(), level, message: text, slave_id: slaveId });
      return;
    }
    if (execution === undefined) {
      const answered = answerStranger(slaveId, () => registry.linkOf(slaveId), message, lateFrames);
      work.track(answered, `answering ${slaveId} of ${message.execution}`);
    } else execution.live.takeFact(slaveId, message.incarnation, message.fact);
  };

  return {
    steered,
    queue: queue.waiting,
    untaken,
    get ready() {
      return ready;
    },
    takenUp: takenUp.promise,
    async submit(submission, id) {
      if (closed || !ready)
        throw new EngineError("not_ready", "this master is starting or closing; submit it again soon");
      return queue.submit(submission, id);
    },
    abandon: queue.abandon,
    scaleQueued: queue.scale,
    async takeUp() {
      await untaken.takeUp();
      ready = true;
      takenUp.resolve();
      tick();
    },
    receive,
    receiveReport(slaveId, message) {
      const member = steered.get(message.execution)?.live.fleet.members.get(slaveId);
      if (isReport(message.fact, member?.incarnation === message.incarnation)) receive(slaveId, message);
    },
    noteSlave({ type, id }) {
      if (closed) return;
      for (const { live, report } of steered.values()) {
        if (report === null && type === "drained") live.tell({ type: "drain", slaveId: id });
        if (report === null && type === "undrained") live.tell({ type: "undrain", slaveId: id });
      }
      if (type === "left") return;
      for (const execution of steered.values()) if (execution.report === null) execution.offer();
      pump();
    },
    settled: () => work.settled(),
    async close() {
      closed = true;
      takenUp.resolve();
      untaken.close();
      alarm?.cancel();
      for (const waiting of lingering) waiting.cancel();
      await Promise.all([...steered.values()].map((execution) => execution.close()));
      await work.settled();
    },
  };
}

function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
