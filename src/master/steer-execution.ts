import { describeStage } from "../cluster/describe-limit.ts";
import type { FleetState } from "../cluster/fleet-state.ts";
import type { Outputs } from "../outputs/open-outputs.ts";
import type { Clock, Log } from "../protocol/ports.ts";
import type { EventType, Report } from "../protocol/report.ts";
import type { Execution, ExecutionStatus, Metrics, StreamMessage } from "../protocol/rest.ts";
import type { Store } from "../store/store.ts";
import { describeEnded, describeLive, type ExecutionCard, reportFleet, statusOf } from "./describe-execution.ts";
import { describeMetrics } from "./describe-metrics.ts";
import type { LateFrames } from "./late-frames.ts";
import { createLiveExecution, type LiveExecution } from "./live-execution.ts";
import type { LogLines } from "./log-lines.ts";
import type { RegisteredSlave, Registry } from "./registered-slave.ts";
import type { RoomLedger } from "./room-ledger.ts";
import { freeVus, type SlaveNeeds, suitsNeeds } from "./select-slaves.ts";
import { storeEnd } from "./stored-execution.ts";
import type { Watchers } from "./watchers.ts";

export interface SteeringOptions {
  readonly card: ExecutionCard;
  readonly fleet: FleetState;
  /** By scenario. */
  readonly needs: readonly SlaveNeeds[];
  /** False: what joins could not be given the execution's secrets. */
  readonly takesJoiners: boolean;
  readonly logs: LogLines;
  readonly watchers: Watchers;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: Pick<Registry, "linkOf" | "list">;
  readonly ledger: RoomLedger;
  /** For what comes once the report is stored. */
  readonly lateFrames: LateFrames;
  readonly outputs: Outputs;
  readonly engineVersion: string;
  /** Not for final ones. */
  onStatus(status: ExecutionStatus): void;
  /** Its report is stored. */
  onEnded(report: Report): void;
  onOusted(): void;
}

/** An execution that this master steers, and what the API sees of it. */
export interface SteeredExecution {
  readonly card: ExecutionCard;
  readonly live: LiveExecution;
  readonly logs: LogLines;
  /** null until the report is stored. */
  readonly report: Report | null;
  /** Every frame of every source is in: nothing can come any more. */
  readonly settled: boolean;
  describe(): Execution;
  metrics(): Metrics;
  watch(listener: (message: StreamMessage) => void): () => void;
  /** Once a second: watchers hear the metrics, and a fleet that wants slaves is offered those that fit. */
  tick(): void;
  offer(): void;
  close(): Promise<void>;
}

/** Events that somebody should look at. */
const troubles: ReadonlySet<EventType> = new Set(["slave_lost", "capacity_short", "suspended", "frames_lost"]);

/** Steers a fleet; the caller tells it `begin` or, after a restart, `tick`. */
export function steerExecution(options: SteeringOptions): SteeredExecution {
  const { card, fleet, needs, watchers, store, clock, registry, ledger } = options;
  let report: Report | null = null;
  /** The log tells why it ended. */
  let explained = false;
  let told: ExecutionStatus = "pending";
  /** The end is stored. */
  const ended = Promise.withResolvers<void>();

  const describe = (): Execution => {
    const now = describeLive(card, fleet, live.acknowledged, options.outputs.describe(), clock.now());
    return report === null ? now : describeEnded(now, report);
  };
  const metrics = (): Metrics => describeMetrics(card, fleet, clock.now());
  const describeMoment = (): StreamMessage => ({
    type: "metrics",
    execution_id: card.id,
    timestamp: new Date(clock.wall()).toISOString(),
    status: report?.status ?? statusOf(fleet),
    metrics: metrics(),
    level: describeStage(fleet.core),
    outputs: options.outputs.describe(),
  });
  const end = async (): Promise<void> => {
    await live.appended();
    const measured = reportFleet(card, fleet, options.engineVersion, clock.wall());
    const made: Report = { ...measured, outputs: await options.outputs.close(measured) };
    const execution = describeEnded(describeLive(card, fleet, live.acknowledged, [], clock.now()), made);
    const found = { ...metrics(), total_vus: 0, thresholds: made.thresholds };
    const { core } = fleet;
    if (!explained && core.cause !== null) {
      explained = true;
      const level = made.status === "failed" ? "error" : "info";
      options.logs.add({ time: made.end_time, level, message: core.cause.message });
    }
    // The merged state stays: a time series of another width is made from it.
    if (!(await live.keepMerged()))
      options.log("warn", "the merged state was not kept: another owner wrote a later one");
    await storeEnd(
      store,
      card,
      { execution, metrics: found, report: made, logs: options.logs.list() },
      Date.parse(made.end_time),
    );
    report = made;
    ended.resolve();
    ledger.release(card.id);
    watchers.finish({ type: "complete", status: made.status, report: made });
    options.onEnded(made);
  };

  const live = createLiveExecution({
    fleet,
    store,
    clock,
    log: options.log,
    outputs: options.outputs,
    linkOf: registry.linkOf,
    async append(source, frame) {
      if (!fleet.final) return store.appendFrame(source, frame);
      // The stored report counts it, in the same transaction: the report has to be there first.
      await ended.promise;
      // Of one whose record was removed meanwhile nothing is kept.
      return (await options.lateFrames.add(source, frame)) ?? { outcome: "duplicate", high: frame.number };
    },
    onHeld(held) {
      if (report === null) ledger.set(card.id, held);
      const status = statusOf(fleet);
      if (status === told || fleet.coreEnded) return;
      told = status;
      options.onStatus(status);
    },
    onEvent(event) {
      watchers.tell({ type: "event", event });
      options.outputs.tell(event);
      const { type, message, slave_id: slave } = event;
      options.log(troubles.has(type) ? "warn" : "info", message, {
        event: type,
        ...(slave === undefined ? {} : { slave }),
      });
    },
    onFinal: () => live.write("report", end),
    onOusted: options.onOusted,
  });

  const isCandidate = (slave: RegisteredSlave): boolean =>
    !fleet.members.has(slave.card.id) &&
    slave.state === "online" &&
    freeVus(slave) > 0 &&
    needs.some((needed, scenario) => suitsNeeds(slave, needed) && countMembers(scenario) < mostOf(needed));
  const mostOf = ({ target }: SlaveNeeds) => target.maxSlaves ?? Number.POSITIVE_INFINITY;
  const countMembers = (scenario: number) =>
    [...fleet.members.keys()].filter((id) => fleet.mayHold(id, scenario)).length;
  const offer = () => {
    if (!options.takesJoiners || fleet.coreEnded) return;
    for (const slave of registry.list()) {
      if (!fleet.wanting) return;
      if (isCandidate(slave)) live.offer(slave.card.id);
    }
  };

  return {
    card,
    live,
    logs: options.logs,
    get report() {
      return report;
    },
    get settled() {
      return [...fleet.sources.values()].every(({ last, high }) => last !== null && high >= last);
    },
    describe,
    metrics,
    watch(listener) {
      const leave = watchers.add(listener);
      listener(describeMoment());
      return leave;
    },
    tick() {
      if (report !== null) return;
      offer();
      if (watchers.count > 0) watchers.tell(describeMoment());
    },
    offer,
    close() {
      ended.resolve();
      return live.close();
    },
  };
}
