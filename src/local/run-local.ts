import type { JsonObject } from "../protocol/json.ts";
import { describeLimit, describeStage } from "../cluster/describe-limit.ts";
import { createLiveThresholds } from "../cluster/live-thresholds.ts";
import { advanceOwner, type OwnerEvent } from "../cluster/owner.ts";
import { shortGrace } from "../cluster/owner-end.ts";
import { createOwnerState, type OwnerEffect, testTimeAt } from "../cluster/owner-state.ts";
import { advanceSlave, createSlaveState, type SlaveEvent } from "../cluster/slave.ts";
import { decideOutcomes, judgeExecution } from "../cluster/verdict.ts";
import { EngineError, isErrorCode } from "../errors.ts";
import { createSnapshot } from "../measure/snapshot.ts";
import { cutPlan } from "../plan/cut-plan.ts";
import { makePlan } from "../plan/make-plan.ts";
import type { Inputs } from "../protocol/message.ts";
import type { FilePaths } from "../protocol/named-file.ts";
import type { Alarm, Clock, Log, Masker, Random, TargetLists } from "../protocol/ports.ts";
import type { Reason, Report } from "../protocol/report.ts";
import type { Trace } from "../protocol/trace.ts";
import type { Workflow } from "../protocol/workflow.ts";
import { openOutputs } from "../outputs/open-outputs.ts";
import { buildReport } from "../report/build-report.ts";
import { type LiveView, summarize } from "../report/live.ts";
import { chooseSeed } from "../run/choose-seed.ts";
import { chooseThreads } from "../run/choose-threads.ts";
import { createShareRun } from "../run/create-share-run.ts";
import { createCarryOut } from "../slave/carry-out.ts";
import { createEventQueue } from "../slave/event-queue.ts";

export interface LocalOptions {
  readonly workflow: Workflow;
  readonly inputs: Inputs;
  /** Where the files are that the workflow names. */
  readonly files: FilePaths;
  /** `auto`: one for a small load, else one per core. */
  readonly threads: number | "auto";
  readonly cores: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** What load may be sent to; null: everything. */
  readonly targets: TargetLists | null;
  /** Databases and brokers that this machine knows by name. */
  readonly connections: Readonly<Record<string, JsonObject>>;
  /** Nothing that outputs say shows a secret. */
  readonly mask: Masker;
  readonly executionId: string;
  /** Hears all that VUs do; then there is one thread. Absent: nobody looks on. */
  readonly trace?: Trace | undefined;
  readonly engineVersion: string;
}

/** Reasons of a failure whose message says more than the report does. */
const explained: ReadonlySet<Reason> = new Set(["internal", "setup_failed", "setup_timeout", "teardown_timeout"]);

/** An execution on this machine: an owner and one slave, joined by an in-memory link. */
export interface LocalExecution {
  /** The numbers of this moment. */
  view(): LiveView;
  /** Test time now, ms. */
  testTimeMs(): number;
  /** No new iteration starts and the test time stands until `resume`. */
  pause(): void;
  resume(): void;
  /** Sets VUs (or the rate) of a scenario, linearly over `overMs` of test time. */
  scale(scenario: string, target: number, overMs: number): void;
  /** No new starts; running iterations get `graceMs` (default: the graceful stop, at most 5 s). Again with 0: now. */
  stop(reason: "stopped_by_signal" | "stopped_by_api", graceMs?: number): void;
  /** The report, once everything is closed. Rejects with EngineError when nothing could start. */
  readonly finished: Promise<Report>;
}

/** The only slave of a local execution. */
const slaveId = "local";

/** VUs are made between the order to start and the start instant: 0.1 ms each is ample, so that the first starts are not late. */
const leadPerVuMs = 0.1;
const longestLeadMs = 100;

/** Starts an execution. */
export function startLocal(options: LocalOptions): LocalExecution {
  const { workflow, inputs, clock, log } = options;
  const plan = makePlan(workflow);
  const threads = options.threads === "auto" ? chooseThreads(plan, options.cores) : options.threads;
  const slaves = cutPlan(plan, [1]).map((share) => ({ id: slaveId, share }));
  const snapshot = createSnapshot(workflow);
  const thresholds = createLiveThresholds(workflow);
  const owner = createOwnerState({
    executionId: options.executionId,
    plan,
    inputs,
    slaves,
    snapshot,
    thresholds,
    startLeadMs: Math.min(longestLeadMs, plan.vus * leadPerVuMs),
  });
  const slave = createSlaveState();
  const link = createEventQueue();
  const finished = Promise.withResolvers<Report>();
  const alarms = new Set<Alarm>();
  const outputs = openOutputs({
    specs: workflow.outputs,
    execution: { executionId: options.executionId, workflowId: workflow.id, workflowName: workflow.name },
    snapshot,
    startedAt: () => owner.started?.wall ?? null,
    secrets: inputs.secrets,
    mask: options.mask,
    locate: (path) => path,
    clock,
    random: options.random,
    log,
  });
  let toldEvents = 0;

  const carryOut = createCarryOut({
    clock,
    createRun: (order, events) =>
      createShareRun(
        {
          ...options,
          plan: order.plan,
          share: order.share,
          inputs: order.inputs,
          slaveId,
          threads,
          seed: chooseSeed(workflow, order.executionId),
          leaseMemory: null,
          opensFiles: true,
        },
        events,
      ),
    emit: (event) => tellSlave(event),
  });

  const tellSlave = (event: SlaveEvent) => {
    link.push(() => {
      for (const effect of advanceSlave(slave, event)) {
        if (effect.type === "send") tellOwner({ type: "fact", slaveId, fact: effect.fact });
        else carryOut(effect.order);
      }
    });
  };
  const tellOwner = (event: OwnerEvent) => {
    link.push(() => {
      const effects = advanceOwner(owner, event, { now: clock.now(), wall: clock.wall() });
      if (event.type === "fact" && event.fact.type === "frame") outputs.note(event.slaveId, event.fact.frame);
      while (toldEvents < owner.events.length) {
        const happened = owner.events[toldEvents++];
        if (happened !== undefined) outputs.tell(happened);
      }
      for (const effect of effects) perform(effect);
    });
  };
  const perform = (effect: OwnerEffect) => {
    switch (effect.type) {
      case "order":
        tellSlave({ type: "order", order: effect.order });
        return;
      case "wake": {
        const alarm = clock.at(effect.at, () => {
          alarms.delete(alarm);
          tellOwner({ type: "tick" });
        });
        alarms.add(alarm);
        return;
      }
      case "answered":
        if (effect.error !== null) log("warn", effect.error.message);
        return;
      case "final":
        for (const alarm of alarms) alarm.cancel();
        void finish();
        return;
      default:
        effect satisfies never;
    }
  };

  const finish = async (): Promise<void> => {
    const { cause, started } = owner;
    if (cause?.reason === "start_failed" || (cause?.reason === "internal" && started === null)) {
      const code = cause.code !== null && isErrorCode(cause.code) ? cause.code : "start_failed";
      await outputs.close({ status: "failed", passed: false, reason: cause.reason });
      finished.reject(new EngineError(code, cause.message));
      return;
    }
    if (cause !== null && explained.has(cause.reason)) log("error", cause.message);
    const endedAt = owner.endedAt ?? clock.now();
    const decided = decideOutcomes(owner, testTimeAt(owner, endedAt));
    const report = buildReport(snapshot, {
      engineVersion: options.engineVersion,
      executionId: options.executionId,
      workflow,
      ...judgeExecution(owner, decided),
      degraded: false,
      startedAt: started === null ? null : started.wall,
      // By the monotonic clock from the start, so that a step of the epoch clock does not bend the duration.
      endedAt: started === null ? clock.wall() : started.wall + (endedAt - started.now),
      pausedMs: owner.pausedMs,
      thresholds: decided,
      findLimit: describeLimit(owner),
      events: owner.events,
      startSkewMs: started === null ? null : 0,
    });
    finished.resolve({ ...report, outputs: await outputs.close(report) });
  };

  tellOwner({ type: "begin" });

  return {
    view: () => ({ ...summarize(snapshot), level: describeStage(owner), outputs: outputs.describe() }),
    testTimeMs: () => testTimeAt(owner, clock.now()),
    pause: () => tellOwner({ type: "pause", command: "" }),
    resume: () => tellOwner({ type: "resume", command: "" }),
    scale: (scenario, target, overMs) => tellOwner({ type: "scale", command: "", scenario, target, overMs }),
    stop: (reason, graceMs = shortGrace(plan)) => tellOwner({ type: "stop", command: "", graceMs, reason }),
    finished: finished.promise,
  };
}
