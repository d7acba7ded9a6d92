import type { Fact, Order, OrderStamp, Released, SeenRecord, SteeringOrder } from "../protocol/message.ts";
import { listLines } from "../plan/list-lines.ts";
import { acknowledgeFrames, type BufferLimits, listAfter, tellLast } from "./frame-buffer.ts";
import { findAnswered } from "./find-answered.ts";
import type { LeaseTimes } from "./lease-times.ts";
import type { Instant } from "./owner-state.ts";
import { laterOf } from "./seen-record.ts";
import { mergeReleased } from "./merge-released.ts";
import {
  advanceSlave,
  createSlaveState,
  type ReportedFact,
  type RunEvent,
  type SlaveEffect,
  type SlaveState,
} from "./slave.ts";
import {
  createSlaveLease,
  knowsOwnerClock,
  mayStart,
  noteHeartbeat,
  renewLease,
  type SlaveLease,
} from "./slave-lease.ts";

/**
 * A cluster slave's side of one execution, around the phases of `slave.ts`: it refuses orders of an older owner or
 * epoch, holds the lease, numbers the heartbeats and says again what may have been lost on the way. One incarnation:
 * a slave that was given up joins again with a new one.
 */
export interface AgentState {
  readonly executionId: string;
  readonly incarnation: number;
  readonly core: SlaveState;
  readonly lease: SlaveLease;
  /** The highest seen. */
  token: number;
  epoch: number;
  /** The latest record of an owner that an order followed from. */
  seen: SeenRecord;
  /** Has the lease ended, so that nothing runs? */
  suspended: boolean;
  /** Its load was over while the lease had run out: what was left to do was never begun. */
  cutShort: boolean;
  expelled: boolean;
  /** Serial of the last command that was taken, and what answered it once it acted. */
  steered: number;
  applied: (Fact & { readonly type: "applied" }) | null;
  lastFrame: number | null;
  /** Test time at which its load ended; null: it has not. */
  endedMs: number | null;
  /** Test time since when its run has nothing to do; null: it has. */
  idleMs: number | null;
  /** Scenarios in the plan's order, and the serial of the last allotment of each that was applied. */
  allotted: readonly { readonly scenario: string; serial: number }[];
  /** What releases since the latest grant gave back. */
  freed: Released;
  /** Setup and teardown, once begun: they never begin again. */
  readonly begun: Set<Order["type"]>;
  /** What a repeated order is answered with, by the order's type. */
  readonly answers: Map<Order["type"], Fact>;
}

export type AgentEvent =
  | RunEvent
  | { readonly type: "order"; readonly order: Order; readonly stamp: OrderStamp }
  /** Every `renewMs`: a heartbeat is due. */
  | { readonly type: "beat" }
  /** The link is up again. */
  | { readonly type: "connected" };

/** An agent that knows nothing but which source it is. */
export function createAgentState(
  { executionId, incarnation }: Pick<OrderStamp, "executionId" | "incarnation">,
  times: LeaseTimes,
  limits?: BufferLimits,
): AgentState {
  return {
    executionId,
    incarnation,
    core: createSlaveState(limits),
    lease: createSlaveLease(times),
    token: 0,
    epoch: 0,
    seen: [0, 0],
    suspended: true,
    cutShort: false,
    expelled: false,
    steered: 0,
    applied: null,
    lastFrame: null,
    endedMs: null,
    idleMs: null,
    allotted: [],
    freed: { unstarted: [], begun: [] },
    begun: new Set(),
    answers: new Map(),
  };
}

/** Moves the state and says what to do now. */
export function advanceAgent(state: AgentState, event: AgentEvent, time: Instant): readonly SlaveEffect[] {
  switch (event.type) {
    case "order":
      if (!isMeant(state, event.stamp)) return [];
      noteStamp(state, event.stamp);
      return obey(state, event.order, time);
    case "beat":
      return [...watchLease(state, time), ...beat(state, time), ...tellIdle(state)];
    case "connected":
      return [...beat(state, time), ...resend(state, null)];
    case "fact":
      return tell(state, event.fact);
    case "done":
      state.cutShort = hasRunOut(state);
      state.lastFrame = tellLast(state.core.frames);
      // What only waited for more than it got had nothing to do any more.
      state.endedMs = state.idleMs ?? event.testTimeMs;
      return advanceSlave(state.core, { ...event, testTimeMs: state.endedMs });
    case "frame":
      return advanceSlave(state.core, event);
    default:
      return event satisfies never;
  }
}

function obey(state: AgentState, order: Order, time: Instant): readonly SlaveEffect[] {
  switch (order.type) {
    case "renew": {
      if (state.expelled) return [];
      const again = renewLease(state.lease, order.sequence, order.ownerWallMs, time);
      return [...watchLease(state, time), ...(again ? beat(state, time) : [])];
    }
    case "resend":
      // What is before it is durable, and what waited behind that may go out now: the acknowledgement was lost.
      if (order.after !== null) acknowledgeFrames(state.core.frames, order.after);
      return resend(state, order.after);
    case "expel":
      if (state.expelled) return [];
      state.expelled = true;
      state.lease.deadline = Number.NEGATIVE_INFINITY;
      return [{ type: "carry_out", order }];
    case "ack":
      return advanceSlave(state.core, { type: "order", order });
    case "release":
    case "grant":
      return takeShare(state, order);
    case "allot":
      return takeAllotment(state, order);
    case "pause":
    case "resume":
    case "pause_scenario":
    case "resume_scenario":
    case "scale":
      return state.expelled ? [] : steer(state, order);
    default:
      return state.expelled ? [] : carryOut(state, order, time);
  }
}

function takeShare(state: AgentState, order: Order & { readonly type: "release" | "grant" }): readonly SlaveEffect[] {
  if (order.epoch < state.epoch || state.expelled) return [];
  const known = state.answers.get(order.type);
  if (known !== undefined && "epoch" in known && known.epoch === order.epoch) return [{ type: "send", fact: known }];
  if (order.type === "release" && order.epoch === state.epoch) return [];
  const effects = advanceSlave(state.core, { type: "order", order });
  // What has ended holds what it is granted and runs none of it; its owner learns of the end as well.
  const held = order.type === "grant" && state.core.phase === "ended";
  if (effects.length === 0 && !held) return [];
  state.epoch = order.epoch;
  if (order.type === "release") return effects;
  state.idleMs = null;
  state.freed = { unstarted: [], begun: [] };
  return [...effects, remember(state, "grant", { type: "granted", epoch: order.epoch })];
}

function takeAllotment(state: AgentState, order: Order & { readonly type: "allot" }): readonly SlaveEffect[] {
  const known = state.allotted.find(({ scenario }) => scenario === order.scenario);
  if (known === undefined || order.serial !== known.serial + 1 || order.epoch < state.epoch || state.expelled)
    return [];
  const effects = advanceSlave(state.core, { type: "order", order });
  if (effects.length > 0) known.serial = order.serial;
  return effects;
}

/** One command after another: what is not higher than the last is a repetition, and answered as such once it acted. */
function steer(state: AgentState, order: SteeringOrder): readonly SlaveEffect[] {
  if (order.serial <= state.steered) {
    return state.applied?.command === order.command ? [{ type: "send", fact: state.applied }] : [];
  }
  const effects = advanceSlave(state.core, {
    type: "order",
    order: order.type === "resume" ? { ...order, atWallMs: order.atWallMs - state.lease.offsetMs } : order,
  });
  if (effects.length === 0) return [];
  state.steered = order.serial;
  if (order.type === "scale") state.idleMs = null;
  return effects;
}

function carryOut(state: AgentState, order: Exclude<Order, SteeringOrder>, time: Instant): readonly SlaveEffect[] {
  const known = state.answers.get(order.type);
  if (known !== undefined) return [{ type: "send", fact: known }];
  if (order.type === "stop") {
    const effects = advanceSlave(state.core, { type: "order", order });
    const applied = { type: "applied", command: order.command, testTimeMs: null } as const;
    return effects.length === 0 ? [] : [...effects, { type: "send", fact: applied }];
  }
  if (order.type === "prepare") {
    state.allotted = listLines(order.plan).map((scenario) => ({ scenario, serial: 0 }));
  }
  if (order.type === "setup" || order.type === "teardown") {
    if (state.begun.has(order.type)) return [];
    const effects = advanceSlave(state.core, { type: "order", order });
    if (effects.length > 0) state.begun.add(order.type);
    return effects;
  }
  if (order.type !== "start" || order.atWallMs === undefined) {
    return advanceSlave(state.core, { type: "order", order });
  }
  // It will be said again.
  if (!knowsOwnerClock(state.lease)) return [];
  const inMs = order.atWallMs - (time.wall + state.lease.offsetMs);
  return advanceSlave(state.core, { type: "order", order: { ...order, inMs } });
}

function beat(state: AgentState, time: Instant): readonly SlaveEffect[] {
  const sequence = noteHeartbeat(state.lease, time);
  const { lastFrame, endedMs } = state;
  const suspended = lastFrame === null ? hasRunOut(state) : state.cutShort;
  const fact = { type: "heartbeat", sequence, lastFrame, suspended, seen: state.seen } as const;
  return [{ type: "send", fact: endedMs === null ? fact : { ...fact, testTimeMs: endedMs } }];
}

/** Before the first answer it has nothing that could be suspended. */
function hasRunOut({ suspended, lease }: AgentState): boolean {
  return suspended && lease.deadline !== Number.NEGATIVE_INFINITY;
}

function tellIdle({ idleMs, core, epoch, steered }: AgentState): readonly SlaveEffect[] {
  return idleMs !== null && core.phase === "running"
    ? [{ type: "send", fact: { type: "idle", epoch, serial: steered } }]
    : [];
}

function watchLease(state: AgentState, time: Instant): readonly SlaveEffect[] {
  const suspended = !mayStart(state.lease, time);
  if (suspended === state.suspended) return [];
  state.suspended = suspended;
  return [{ type: "carry_out", order: { type: suspended ? "suspend" : "go_on" } }];
}

/** `after`: null: what is not acknowledged. */
function resend({ core: { frames } }: AgentState, after: number | null): readonly SlaveEffect[] {
  const again = after === null ? frames.sent : listAfter(frames, after);
  return again.map((frame) => ({ type: "send", fact: { type: "frame", frame } }));
}

function remember(state: AgentState, answered: Order["type"], fact: Fact): SlaveEffect {
  state.answers.set(answered, fact);
  return { type: "send", fact };
}

/** What the run reports goes to the owner in the owner's terms, and is kept for repeated orders. */
function tell(state: AgentState, reported: ReportedFact): readonly SlaveEffect[] {
  if (reported.type === "started" && reported.atWallMs !== null) {
    const fact = { ...reported, atWallMs: reported.atWallMs + state.lease.offsetMs };
    state.answers.set("start", fact);
    return advanceSlave(state.core, { type: "fact", fact });
  }
  if (reported.type === "released") {
    const { epoch, unstarted, begun } = reported;
    state.freed = mergeReleased(state.freed, { unstarted, begun });
    // One that has been superseded: the answer to the latest says it as well.
    if (epoch !== state.epoch) return [];
    const serials = state.allotted.map(({ serial }) => serial);
    return [remember(state, "release", { type: "released", epoch, serials, ...state.freed })];
  }
  if (reported.type === "idle") {
    state.idleMs ??= reported.testTimeMs;
    return tellIdle(state);
  }
  const effects = advanceSlave(state.core, { type: "fact", fact: reported });
  for (const effect of effects) if (effect.type === "send") rememberFact(state, effect.fact);
  return effects;
}

function isMeant(state: AgentState, { executionId, incarnation, token }: OrderStamp): boolean {
  return executionId === state.executionId && incarnation === state.incarnation && token >= state.token;
}

/** What follows from no record says nothing of the one that its owner has. */
function noteStamp(state: AgentState, { token, record }: OrderStamp): void {
  state.token = token;
  if (record > 0) state.seen = laterOf(state.seen, [token, record]);
}

function rememberFact(state: AgentState, fact: Fact): void {
  const answered = findAnswered(fact);
  if (answered !== null) state.answers.set(answered, fact);
  if (fact.type === "applied") state.applied = fact;
}
