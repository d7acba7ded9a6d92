import type { CarriedOrder, RunEvent } from "../cluster/slave.ts";
import { EngineError } from "../errors.ts";
import type { Fact, Order } from "../protocol/message.ts";
import type { Clock } from "../protocol/ports.ts";
import type { ShareRun, ShareRunEvents } from "../run/share-run.ts";

export interface SlaveSurroundings {
  readonly clock: Clock;
  /** Makes the run of a share; its events come back through `events`. */
  createRun(order: Order & { readonly type: "prepare" }, events: ShareRunEvents): ShareRun;
  /** Feeds an event into the slave's state machine. */
  emit(event: RunEvent): void;
}

/**
 * Carries out a slave's orders on a real share run. What a call comes to, success or failure, returns as a fact
 * through `emit`; nothing is thrown and no rejection is lost.
 */
export function createCarryOut(surroundings: SlaveSurroundings): (order: CarriedOrder) => void {
  const { clock, emit } = surroundings;
  let run: ShareRun | null = null;

  const fault = (error: unknown) =>
    emit({ type: "fact", fact: { type: "fault", message: error instanceof Error ? error.message : String(error) } });
  const started = (): ShareRun => {
    if (run === null) throw new EngineError("internal_error", "an order came before its execution was prepared");
    return run;
  };
  const follow = (work: Promise<Fact>, failed: (error: unknown) => Fact | null) => {
    work.then(
      (fact) => deliver(fact),
      (error: unknown) => {
        const fact = failed(error);
        if (fact === null) fault(error);
        else deliver(fact);
      },
    );
  };
  const deliver = (fact: Fact) => {
    if (fact.type !== "frame" && fact.type !== "done") emit({ type: "fact", fact });
  };

  return (order) => {
    switch (order.type) {
      case "prepare":
        run = surroundings.createRun(order, {
          onFrame: (frame) => emit({ type: "frame", frame }),
          onDone: (lastFrame) => emit({ type: "done", lastFrame }),
          onFault: fault,
        });
        follow(
          run.prepare().then((): Fact => ({ type: "prepared" })),
          (error) =>
            error instanceof EngineError ? { type: "prepare_failed", code: error.code, message: error.message } : null,
        );
        return;
      case "setup":
        follow(
          started()
            .setup()
            .then((shared): Fact => ({ type: "setup_done", shared })),
          (error) =>
            error instanceof EngineError
              ? { type: "setup_failed", message: error.message, timedOut: error.code === "setup_timeout" }
              : null,
        );
        return;
      case "start":
        started().start(clock.now() + order.inMs, order.shared);
        emit({ type: "fact", fact: { type: "started", atWallMs: clock.wall() + order.inMs } });
        return;
      case "pause":
        follow(
          started()
            .pause(order.atMs)
            .then((testTimeMs): Fact => ({ type: "applied", command: order.command, testTimeMs })),
          () => null,
        );
        return;
      case "resume":
        follow(
          started()
            .resume()
            .then((testTimeMs): Fact => ({ type: "applied", command: order.command, testTimeMs })),
          () => null,
        );
        return;
      case "scale":
        started().scale(order.scenario, order.target, order.overMs).catch(fault);
        return;
      case "stop":
        started().stop(order.graceMs);
        return;
      case "teardown":
        follow(
          started()
            .teardown(order.shared)
            .then((): Fact => ({ type: "teardown_done" })),
          (error) =>
            error instanceof EngineError
              ? { type: "teardown_failed", message: error.message, timedOut: error.code === "teardown_timeout" }
              : null,
        );
        return;
      case "close":
        follow(
          (run === null ? Promise.resolve() : run.close()).then((): Fact => ({ type: "closed" })),
          () => null,
        );
        return;
      case "release":
      case "grant":
      case "allot":
      case "claimed":
      case "suspend":
      case "go_on":
      case "expel":
        fault(new EngineError("unsupported", `this slave cannot carry out ${order.type}`));
        return;
      default:
        order satisfies never;
    }
  };
}
