import type { Fact, Order, OrderStamp } from "../protocol/message.ts";
import type { Share } from "../protocol/plan.ts";
import type { LeaseTimes } from "./lease-times.ts";
import type { Instant } from "./owner-state.ts";
import { advanceSlave, type CarriedOrder, createSlaveState, type SlaveEvent, type SlaveState } from "./slave.ts";
import { createSlaveLease, mayStart, noteHeartbeat, renewLease, type SlaveLease } from "./slave-lease.ts";

/**
 * A cluster slave's side of one execution, around the phases of `slave.ts`: it refuses orders of an older owner or
 * epoch, holds the lease, numbers the heartbeats and says again what may have been lost on the way. One incarnation:
 * a slave that was given up joins again with a new one.
 */
export interface AgentState {
  readonly executionId: string;
  readonly core: SlaveState;
  readonly lease: SlaveLease;
  /** The highest seen. */
  token: number;
  epoch: number;
  /** Has the lease ended, so that nothing runs? */
  suspended: boolean;
  expelled: boolean;
  lastFrame: number | null;
  /** Setup and teardown, once begun: they never begin again. */
  readonly begun: Set<Order["type"]>;
  /** What a repeated order is answered with, by the order's type. */
  readonly answers: Map<Order["type"], Fact>;
}

export type AgentEvent =
  | Exclude<SlaveEvent, { readonly type: "order" }>
  | { readonly type: "order"; readonly order: Order; readonly stamp: OrderStamp }
  /** Every `renewMs`: a heartbeat is due. */
  | { readonly type: "beat" }
  /** The run has let go of everything outside the kept share. */
  | { readonly type: "released"; readonly epoch: number }
  /** The link is up again. */
  | { readonly type: "connected" };

export type AgentEffect =
  | { readonly type: "send"; readonly fact: Fact }
  | { readonly type: "carry_out"; readonly order: CarriedOrder }
  /** Nothing outside this share starts any more; then `released` is due. */
  | { readonly type: "release"; readonly epoch: number; readonly share: Share }
  | { readonly type: "grant"; readonly share: Share }
  /** The lease has ended: running operations are aborted, nothing starts until `go_on`. */
  | { readonly type: "suspend" }
  | { readonly type: "go_on" }
  /** End all load for good; the last frame and `done` follow. */
  | { readonly type: "expel" };

/** An agent that knows nothing but the execution's name. */
export function createAgentState(executionId: string, times: LeaseTimes): AgentState {
  return {
    executionId,
    core: createSlaveState(),
    lease: createSlaveLease(times),
    token: 0,
    epoch: 0,
    suspended: true,
    expelled: false,
    lastFrame: null,
    begun: new Set(),
    answers: new Map(),
  };
}

/** Moves the state and says what to do now. */
export function advanceAgent(state: AgentState, event: AgentEvent, time: Instant): readonly AgentEffect[] {
  switch (event.type) {
    case "order":
      if (event.stamp.executionId !== state.executionId || event.stamp.token < state.token) return [];
      state.token = event.stamp.token;
      return obey(state, event.order, time);
    case "beat":
      return [...watchLease(state, time), ...beat(state, time)];
    case "released":
      return event.epoch === state.epoch ? [remember(state, "release", { type: "released", epoch: event.epoch })] : [];
    case "connected":
      return [...beat(state, time), ...resend(state, 0)];
    case "fact":
      rememberFact(state, event.fact);
      return advanceSlave(state.core, event);
    case "done":
      state.lastFrame = event.lastFrame;
      return advanceSlave(state.core, event);
    case "frame":
      return advanceSlave(state.core, event);
    default:
      return event satisfies never;
  }
}

function obey(state: AgentState, order: Order, time: Instant): readonly AgentEffect[] {
  switch (order.type) {
    case "renew":
      if (state.expelled) return [];
      renewLease(state.lease, order.sequence, order.ownerWallMs, time);
      return watchLease(state, time);
    case "resend":
      return resend(state, order.after);
    case "expel":
      if (state.expelled) return [];
      state.expelled = true;
      state.lease.deadline = Number.NEGATIVE_INFINITY;
      return [{ type: "expel" }];
    case "ack":
      return advanceSlave(state.core, { type: "order", order });
    case "release":
    case "grant":
      return takeShare(state, order);
    default:
      return state.expelled ? [] : carryOut(state, order, time);
  }
}

function takeShare(state: AgentState, order: Order & { readonly type: "release" | "grant" }): readonly AgentEffect[] {
  if (order.epoch < state.epoch || state.expelled) return [];
  const known = state.answers.get(order.type);
  if (known !== undefined && "epoch" in known && known.epoch === order.epoch) return [{ type: "send", fact: known }];
  if (order.type === "release" && order.epoch === state.epoch) return [];
  state.epoch = order.epoch;
  if (order.type === "release") return [order];
  return [{ type: "grant", share: order.share }, remember(state, "grant", { type: "granted", epoch: order.epoch })];
}

function carryOut(state: AgentState, order: CarriedOrder, time: Instant): readonly AgentEffect[] {
  const known = state.answers.get(order.type);
  if (known !== undefined) return [{ type: "send", fact: known }];
  if (order.type === "setup" || order.type === "teardown") {
    if (state.begun.has(order.type)) return [];
    const effects = advanceSlave(state.core, { type: "order", order });
    if (effects.length > 0) state.begun.add(order.type);
    return effects;
  }
  if (order.type !== "start" || order.atWallMs === undefined) {
    return advanceSlave(state.core, { type: "order", order });
  }
  // Before the first answered heartbeat the owner's clock is not known; it will say it again.
  if (state.lease.shortestMs === Number.POSITIVE_INFINITY) return [];
  const inMs = order.atWallMs - (time.wall + state.lease.offsetMs);
  return advanceSlave(state.core, { type: "order", order: { ...order, inMs } });
}

function beat(state: AgentState, time: Instant): readonly AgentEffect[] {
  const sequence = noteHeartbeat(state.lease, time);
  return [{ type: "send", fact: { type: "heartbeat", sequence, lastFrame: state.lastFrame } }];
}

function watchLease(state: AgentState, time: Instant): readonly AgentEffect[] {
  const suspended = !mayStart(state.lease, time);
  if (suspended === state.suspended) return [];
  state.suspended = suspended;
  return [{ type: suspended ? "suspend" : "go_on" }];
}

function resend({ core }: AgentState, after: number): readonly AgentEffect[] {
  return core.unacknowledged
    .filter(({ number }) => number > after)
    .map((frame) => ({ type: "send", fact: { type: "frame", frame } }));
}

function remember(state: AgentState, answered: Order["type"], fact: Fact): AgentEffect {
  state.answers.set(answered, fact);
  return { type: "send", fact };
}

function rememberFact({ answers }: AgentState, fact: Fact): void {
  switch (fact.type) {
    case "prepared":
    case "prepare_failed":
      answers.set("prepare", fact);
      return;
    case "setup_done":
    case "setup_failed":
      answers.set("setup", fact);
      return;
    case "started":
      answers.set("start", fact);
      return;
    case "teardown_done":
    case "teardown_failed":
      answers.set("teardown", fact);
      return;
    case "closed":
      answers.set("close", fact);
      return;
    default:
  }
}
