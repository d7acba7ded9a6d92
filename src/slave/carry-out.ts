import type { CarriedOrder, ReportedFact, RunEvent } from "../cluster/slave.ts";
import { EngineError } from "../errors.ts";
import type { Order } from "../protocol/message.ts";
import type { Clock } from "../protocol/ports.ts";
import type { SharedValues } from "../protocol/report.ts";
import type { ShareRun, ShareRunEvents } from "../run/share-run.ts";
import { createOpenAsks } from "./open-asks.ts";

export interface SlaveSurroundings {
  readonly clock: Clock;
  /** Makes the run of a share; its events come back through `events`. */
  createRun(order: Order & { readonly type: "prepare" }, events: ShareRunEvents): ShareRun;
  /** Feeds an event into the slave's state machine. */
  emit(event: RunEvent): void;
}

const lostShared = "what setup made may hold secrets and is not stored: it went with the master that had it";

/**
 * Carries out a slave's orders on a real share run. What a call comes to, success or failure, returns as a fact
 * through `emit`; nothing is thrown and no rejection is lost.
 */
export function createCarryOut(surroundings: SlaveSurroundings): (order: CarriedOrder) => void {
  const { clock, emit } = surroundings;
  const asks = createOpenAsks(clock, (fact) => emit({ type: "fact", fact }));
  let run: ShareRun | null = null;
  /** What setup made, here or on another slave: an owner that took over may not have it. */
  let held: SharedValues | null = null;

  const fault = (error: unknown) =>
    emit({ type: "fact", fact: { type: "fault", message: error instanceof Error ? error.message : String(error) } });
  const started = (): ShareRun => {
    if (run === null) throw new EngineError("internal_error", "an order came before its execution was prepared");
    return run;
  };
  const follow = (work: Promise<ReportedFact>, failed: (error: unknown) => ReportedFact | null) => {
    work.then(
      (fact) => deliver(fact),
      (error: unknown) => {
        const fact = failed(error);
        if (fact === null) fault(error);
        else deliver(fact);
      },
    );
  };
  const deliver = (fact: ReportedFact) => emit({ type: "fact", fact });

  return (order) => {
    switch (order.type) {
      case "prepare":
        run = surroundings.createRun(order, {
          onFrame: (frame) => emit({ type: "frame", frame }),
          onDone(_lastFrame, testTimeMs) {
            asks.settle();
            emit({ type: "done", testTimeMs });
          },
          onFault: fault,
          onStarted: (instant) =>
            emit({ type: "fact", fact: { type: "started", atWallMs: clock.wall() + (instant - clock.now()) } }),
          onIdle: (testTimeMs) => emit({ type: "fact", fact: { type: "idle", testTimeMs } }),
          onRowsOver: (feeder) => emit({ type: "fact", fact: { type: "rows_over", feeder } }),
          onReturn: asks.giveBack,
          onWant: asks.want,
          onClaim: asks.claim,
          onArrivals: (arrivals) => emit({ type: "fact", fact: { type: "arrive", ...arrivals } }),
        });
        follow(
          run
            .prepare()
            .then((rows): ReportedFact => (rows.length === 0 ? { type: "prepared" } : { type: "prepared", rows })),
          (error) =>
            error instanceof EngineError ? { type: "prepare_failed", code: error.code, message: error.message } : null,
        );
        return;
      case "setup":
        follow(
          started()
            .setup()
            .then((shared): ReportedFact => {
              held = shared;
              return { type: "setup_done", shared };
            }),
          (error) =>
            error instanceof EngineError
              ? { type: "setup_failed", message: error.message, timedOut: error.code === "setup_timeout" }
              : null,
        );
        return;
      case "start":
        held = order.shared ?? held;
        if (held === null) deliver({ type: "prepare_failed", code: "start_failed", message: lostShared });
        else started().start(clock.now() + order.inMs, held, order.pauses);
        return;
      case "pause":
        follow(
          started()
            .pause(order.atMs)
            .then((testTimeMs): ReportedFact => ({ type: "applied", command: order.command, testTimeMs })),
          () => null,
        );
        return;
      case "resume":
        follow(
          started()
            .resume(clock.now() + (order.atWallMs - clock.wall()), order.testTimeMs)
            .then((testTimeMs): ReportedFact => ({ type: "applied", command: order.command, testTimeMs })),
          () => null,
        );
        return;
      case "pause_scenario":
        follow(
          started()
            .pauseScenario(order.scenario, order.atMs)
            .then((testTimeMs): ReportedFact => ({ type: "applied", command: order.command, testTimeMs })),
          () => null,
        );
        return;
      case "resume_scenario":
        follow(
          started()
            .resumeScenario(order.scenario, order.atMs, order.pausedMs)
            .then((testTimeMs): ReportedFact => ({ type: "applied", command: order.command, testTimeMs })),
          () => null,
        );
        return;
      case "scale":
        follow(
          started()
            .scale(order.scenario, order.target, order.overMs, order.atMs)
            .then((testTimeMs): ReportedFact => ({ type: "applied", command: order.command, testTimeMs })),
          () => null,
        );
        return;
      case "release":
        follow(
          started()
            .release(order.share)
            .then((released): ReportedFact => ({ type: "released", epoch: order.epoch, ...released })),
          () => null,
        );
        return;
      case "grant":
        started().grant(order.share);
        return;
      case "allot":
        if (asks.takeAllotment(order.scenario, order.serial)) {
          started().allot(order.scenario, order.ranges, order.last);
        }
        return;
      case "taken_back":
        asks.takeBack(order.line, order.serial);
        return;
      case "claimed": {
        const through = asks.takeClaim(order.scenario, order.serial);
        if (through !== null) started().claimed(order.scenario, through);
        return;
      }
      case "proceed":
        started().proceed(order.scenario, order.thread, order.points);
        return;
      // The lease may begin before there is a run, and end after it.
      case "suspend":
        run?.suspend();
        return;
      case "go_on":
        run?.goOn();
        return;
      case "expel":
        asks.close();
        run?.stop(0);
        return;
      case "stop":
        started().stop(order.graceMs);
        return;
      case "teardown":
        held = order.shared ?? held;
        if (held === null) return deliver({ type: "teardown_failed", message: lostShared, timedOut: false });
        follow(
          started()
            .teardown(held)
            .then((): ReportedFact => ({ type: "teardown_done" })),
          (error) =>
            error instanceof EngineError
              ? { type: "teardown_failed", message: error.message, timedOut: error.code === "teardown_timeout" }
              : null,
        );
        return;
      case "close":
        asks.close();
        follow(
          (run === null ? Promise.resolve(0) : run.close()).then((): ReportedFact => ({ type: "closed" })),
          () => null,
        );
        return;
      default:
        order satisfies never;
    }
  };
}
