import { advanceAgent, type AgentEvent, createAgentState } from "../cluster/agent.ts";
import { isEmpty, tellLast } from "../cluster/frame-buffer.ts";
import type { LeaseTimes } from "../cluster/lease-times.ts";
import type { SlaveEffect } from "../cluster/slave.ts";
import type { Fact, Order, OrderStamp } from "../protocol/message.ts";
import type { Share } from "../protocol/plan.ts";
import type { Alarm, Clock, Log } from "../protocol/ports.ts";
import { createLeaseMemory, writeLease, writeOwnerOffset } from "../run/lease-memory.ts";
import type { ShareRun, ShareRunEvents } from "../run/share-run.ts";
import { createCarryOut } from "./carry-out.ts";
import { createEventQueue } from "./event-queue.ts";

/** A source: which execution, and which incarnation of this slave in it. */
export type Source = Pick<OrderStamp, "executionId" | "incarnation">;

export interface ExecutionAgentOptions {
  readonly source: Source;
  readonly times: LeaseTimes;
  readonly clock: Clock;
  readonly log: Log;
  /** Without a word from its owner for so long, while it could have heard one, it ends on its own, ms. */
  readonly orphanMs: number;
  /** To the owner; dropped while there is no link. */
  send(fact: Fact): void;
  createRun(
    order: Order & { readonly type: "prepare" },
    events: ShareRunEvents,
    leaseMemory: SharedArrayBuffer,
  ): ShareRun;
  /** It has ended and everything is freed; `lastFrame`: the number of its very last frame, 0 for none. */
  onOver(lastFrame: number): void;
}

/** What carries out one execution's orders on this slave. */
export interface ExecutionAgent {
  readonly source: Source;
  readonly workflowName: string;
  /** VUs started and not ended, as of the latest frame. */
  readonly activeVus: number;
  readonly phase: string;
  /** Until nothing may start, ms; 0: nothing may. */
  readonly leaseLeftMs: number;
  /** It holds no VU any more, or its run has ended. */
  readonly relieved: boolean;
  /** Its run has ended and all it measured is acknowledged. */
  readonly settled: boolean;
  obey(order: Order, stamp: OrderStamp): void;
  /** The link is up (again): says everything that may have been lost. */
  reconnect(): void;
  /** Ends all load now; the last frame and `done` go out. */
  leave(): void;
  /** Frees everything at once and says nothing any more. Idempotent. */
  close(): Promise<void>;
}

/** Starts the agent of an execution with its first heartbeat. */
export function createExecutionAgent(options: ExecutionAgentOptions): ExecutionAgent {
  const { source, times, clock, log } = options;
  const state = createAgentState(source, times);
  const memory = createLeaseMemory();
  const queue = createEventQueue();
  let workflowName = "";
  let activeVus = 0;
  let share: Share | null = null;
  /** Since its owner's last word, and since its end: a process that was frozen has waited for nobody meanwhile. */
  let quietMs = 0;
  let endedMs: number | null = null;
  let watchedAt = clock.now();
  let closing: Promise<void> | null = null;
  const closed = Promise.withResolvers<void>();
  let alarm: Alarm | null = null;

  const carryOut = createCarryOut({
    clock,
    createRun: (order, events) => options.createRun(order, events, memory),
    emit: (event) => tell(event),
  });

  const tell = (event: AgentEvent): void => {
    queue.push(() => {
      if (event.type === "frame") activeVus = event.frame.vus.reduce((sum, { active }) => sum + active, 0);
      if (event.type === "done") activeVus = 0;
      perform(advanceAgent(state, event, { now: clock.now(), wall: clock.wall() }));
      if (event.type === "fact" && event.fact.type === "closed") {
        endedMs ??= 0;
        closed.resolve();
      }
    });
  };
  const perform = (effects: readonly SlaveEffect[]): void => {
    // Before anything is carried out: an order may need the lease that came with it.
    writeLease(memory, state.lease.deadline, state.lease.wallDeadline);
    writeOwnerOffset(memory, state.lease.offsetMs);
    for (const effect of effects) {
      if (effect.type === "send") {
        // Who leaves has said what it had to; an owner that did not ask must not think its order was carried out.
        if (closing === null) options.send(effect.fact);
      } else {
        const { order } = effect;
        if (order.type === "prepare") workflowName = order.plan.workflow.name;
        if ("share" in order) share = order.share;
        attempt(() => carryOut(order));
      }
    }
  };
  /** What an order's own shape breaks is this execution's fault, not the slave's. */
  const attempt = (task: () => void): void => {
    try {
      task();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      log("error", message);
      tell({ type: "fact", fact: { type: "fault", message } });
    }
  };

  const isAcknowledged = (): boolean => isEmpty(state.core.frames);
  const isEnded = (): boolean => state.lastFrame !== null || endedMs !== null;
  const watch = (): void => {
    const now = clock.now();
    const waitedMs = Math.min(now - watchedAt, 2 * times.renewMs);
    watchedAt = now;
    quietMs += waitedMs;
    if (endedMs !== null) endedMs += waitedMs;
    // What it measured and nobody has taken yet waits for an owner that may come back, however short its leases are.
    if (endedMs !== null && endedMs > (isAcknowledged() ? 3 * times.renewMs : options.orphanMs)) {
      finish();
      return;
    }
    if (quietMs > options.orphanMs) {
      log("warn", `no word from its master for ${Math.round(options.orphanMs / 1000)} s, it ends here`);
      finish();
      return;
    }
    // An expelled run is closed when its last frame is out, one that has not started at once; others are told to by their
    // owner.
    const running = state.core.phase === "running" && state.lastFrame === null;
    if (state.expelled && !running && endedMs === null) endRun();
    tell({ type: "beat" });
    schedule();
  };
  const schedule = (): void => {
    const { deadline } = state.lease;
    const now = clock.now();
    const next = now + times.renewMs;
    // The end of the lease is noticed when it comes, not at the beat after it.
    alarm = clock.at(deadline > now && deadline < next ? deadline : next, watch);
  };
  const endRun = (): void => {
    endedMs ??= 0;
    attempt(() => carryOut({ type: "close" }));
  };
  const finish = (): void => {
    const leave = () => options.onOver(tellLast(state.core.frames));
    close().then(leave, (error: unknown) => {
      log("error", `it did not end well: ${error instanceof Error ? error.message : String(error)}`);
      leave();
    });
  };
  const close = (): Promise<void> => {
    closing ??= (async () => {
      alarm?.cancel();
      endRun();
      await closed.promise;
    })();
    return closing;
  };

  tell({ type: "beat" });
  schedule();

  return {
    source,
    get workflowName() {
      return workflowName;
    },
    get activeVus() {
      return activeVus;
    },
    get phase() {
      return state.suspended && state.core.phase === "running" ? "suspended" : state.core.phase;
    },
    get leaseLeftMs() {
      return Math.max(0, state.lease.deadline - clock.now());
    },
    get relieved() {
      if (isEnded()) return true;
      const holds = share === null || share.scenarios.some(({ vus }) => vus.length > 0);
      return !holds && activeVus === 0;
    },
    get settled() {
      return isEnded() && isAcknowledged();
    },
    obey(order, stamp) {
      if (closing !== null) return;
      quietMs = 0;
      tell({ type: "order", order, stamp });
    },
    reconnect() {
      if (closing === null) tell({ type: "connected" });
    },
    leave() {
      attempt(() => carryOut({ type: "expel" }));
    },
    close,
  };
}
