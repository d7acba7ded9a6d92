import { applyFrame } from "../measure/snapshot.ts";
import type { Fact, Order } from "../protocol/message.ts";
import { findSearched, restartStage } from "./limit-state.ts";
import { closeAll, failExecution, shortGrace, stopLoad, tearDown } from "./owner-end.ts";
import {
  type Cause,
  createOwnedSlave,
  findLatest,
  type Instant,
  isStanding,
  noteEvent,
  noteShown,
  noteLoadEnd,
  type OwnedSlave,
  type OwnerEffect,
  type OwnerState,
  type StartInstant,
} from "./owner-state.ts";
import { LOOK_EVERY_MS, watchLoad } from "./watch-load.ts";
import { forgetArrivals, noteArrivals } from "./rendezvous.ts";
import { describePauses } from "./scenario-time.ts";
import { forgetSteered, noteApplied, refuse, steer, type SteeringEvent } from "./steering.ts";

export type OwnerEvent =
  | { readonly type: "begin" }
  | { readonly type: "fact"; readonly slaveId: string; readonly fact: Fact }
  /** A slave is no longer part of the execution; what it held is the caller's matter. */
  | { readonly type: "lost"; readonly slaveId: string }
  /** A slave joins with nothing to do yet. */
  | { readonly type: "join"; readonly slaveId: string }
  /** Ends everything at once. */
  | { readonly type: "fail"; readonly cause: Cause }
  /** Ends the load gracefully. */
  | { readonly type: "end"; readonly cause: Cause }
  | { readonly type: "tick" }
  | SteeringEvent
  | {
      readonly type: "stop";
      readonly command: string;
      readonly graceMs: number;
      readonly reason: "stopped_by_api" | "stopped_by_signal";
    };

/** Who stopped it, as its events and its log tell it. */
const stopMessages = { stopped_by_api: "stopped through the API", stopped_by_signal: "stopped by a signal" } as const;

/**
 * An execution's owner as a pure state machine: events go in with the time, effects come out, no I/O.
 *
 * ```
 * preparing --all prepared--> setup --done--> running --all done--> teardown --done--> done
 *     |                         |                ^ \__ stop: stopping __/                ^
 *     +--- a slave cannot ------+--- setup failed -------------------- close ------------+
 * ```
 *
 * Setup and teardown run on one slave (the first). The first cause of an end wins.
 */
export function advanceOwner(state: OwnerState, event: OwnerEvent, time: Instant): readonly OwnerEffect[] {
  switch (event.type) {
    case "begin":
      return state.slaves.map((slave) => ({ type: "order", slaveId: slave.id, order: createPrepare(state, slave) }));
    case "lost":
      return lose(state, event.slaveId, time);
    case "join":
      return join(state, event.slaveId);
    case "fail":
      return failExecution(state, event.cause, time);
    case "end":
      return stopLoad(state, event.cause, { command: null, graceMs: shortGrace(state.plan) }, time);
    case "fact": {
      const slave = state.slaves.find(({ id }) => id === event.slaveId);
      return slave === undefined ? [] : learn(state, slave, event.fact, time);
    }
    case "tick":
      return [...startReady(state, time), ...watchLoad(state, time)];
    case "pause":
    case "resume":
      return steer(state, event, time);
    case "scale": {
      if (state.search === null || findSearched(state.plan)?.scenario.name !== event.scenario)
        return steer(state, event, time);
      return [
        refuse(event.command, "conflict", `scenario ${event.scenario}: its load is set by the search for its limit`),
      ];
    }
    case "stop":
      return stopLoad(state, { reason: event.reason, message: stopMessages[event.reason], code: null }, event, time);
    default:
      return event satisfies never;
  }
}

function learn(state: OwnerState, slave: OwnedSlave, fact: Fact, time: Instant): readonly OwnerEffect[] {
  switch (fact.type) {
    case "prepared":
      if (slave.state !== "preparing") return [];
      slave.state = "ready";
      return state.phase === "running" ? startReady(state, time) : proceed(state, time);
    case "prepare_failed":
      // No step's error tells of it.
      if (state.cause === null) noteEvent(state, "stopped", fact.message, time);
      return failExecution(state, { reason: "start_failed", message: fact.message, code: fact.code }, time);
    case "setup_done":
      if (state.phase !== "setup") return [];
      state.shared = fact.shared;
      return start(state, time);
    case "setup_failed": {
      if (state.phase !== "setup") return [];
      const reason = fact.timedOut ? "setup_timeout" : "setup_failed";
      return failExecution(state, { reason, message: fact.message, code: reason }, time);
    }
    case "started":
      if (state.started === null) {
        state.started = time;
        noteStart(state, time);
      }
      return [];
    case "frame":
      applyFrame(state.snapshot, slave.id, fact.frame);
      noteShown(slave, fact.frame.testTimeMs);
      return [{ type: "order", slaveId: slave.id, order: { type: "ack", through: fact.frame.number } }];
    case "applied":
      return noteApplied(state, slave, fact);
    case "done":
      if (slave.state !== "closed") slave.state = "ended";
      slave.furthestMs = findLatest(state, slave, time.now);
      noteLoadEnd(state, fact.testTimeMs ?? slave.furthestMs);
      return [...forgetSteered(state, slave.id), ...forgetArrivals(state, slave.id), ...proceed(state, time)];
    case "rows_over":
      noteRowsOver(state, fact.feeder, time);
      return [];
    case "teardown_done":
      return state.phase === "teardown" ? closeAll(state, time) : [];
    case "teardown_failed":
      if (state.phase !== "teardown") return [];
      noteEvent(state, "teardown_not_run", `teardown did not complete: ${fact.message}`, time);
      if (fact.timedOut)
        state.cause ??= { reason: "teardown_timeout", message: fact.message, code: "teardown_timeout" };
      return closeAll(state, time);
    case "fault":
      return failExecution(state, { reason: "internal", message: fact.message, code: "internal_error" }, time);
    case "arrive":
      return state.phase === "running" || state.phase === "stopping" ? noteArrivals(state, slave, fact) : [];
    case "closed":
      slave.state = "closed";
      return proceed(state, time);
    case "heartbeat":
    case "idle":
    case "want":
    case "claim":
    case "return":
    case "released":
    case "granted":
      // The fleet's matter.
      return [];
    default:
      return fact satisfies never;
  }
}

/** The step to the next phase, once all slaves are as far. */
function proceed(state: OwnerState, time: Instant): readonly OwnerEffect[] {
  const all = (wanted: OwnedSlave["state"]) => state.slaves.every((each) => each.state === wanted);
  switch (state.phase) {
    case "preparing":
      return state.slaves.length > 0 && all("ready") ? setUp(state, time) : [];
    case "running":
      return state.slaves.length > 0 && all("ended") && !state.isWorkLeft(time.now) ? tearDown(state, time) : [];
    case "stopping":
      // One that joined and has not started yet has nothing to end.
      return state.slaves.some((slave) => slave.state === "running") ? [] : tearDown(state, time);
    case "closing":
      if (!all("closed")) return [];
      state.phase = "done";
      return [{ type: "final" }];
    case "setup":
    case "teardown":
    case "done":
      return [];
    default:
      return state.phase satisfies never;
  }
}

function lose(state: OwnerState, slaveId: string, time: Instant): readonly OwnerEffect[] {
  const at = state.slaves.findIndex(({ id }) => id === slaveId);
  if (at === -1) return [];
  state.slaves.splice(at, 1);
  restartStage(state.search);
  const answers = [...forgetSteered(state, slaveId), ...forgetArrivals(state, slaveId)];
  if (state.alone === slaveId && state.phase === "setup") {
    const cause = { reason: "setup_lost", message: `${slaveId} was lost during setup`, code: null } as const;
    return [...answers, ...failExecution(state, cause, time)];
  }
  if (state.alone === slaveId && state.phase === "teardown") {
    noteEvent(state, "teardown_not_run", `${slaveId} was lost during teardown`, time);
    return [...answers, ...closeAll(state, time)];
  }
  return [...answers, ...proceed(state, time)];
}

function join(state: OwnerState, slaveId: string): readonly OwnerEffect[] {
  if (state.phase !== "preparing" && state.phase !== "setup" && state.phase !== "running") return [];
  const nothing = { vus: [], arrivals: [], iterations: [] };
  const slave = createOwnedSlave(slaveId, { scenarios: state.plan.scenarios.map(() => nothing) });
  state.slaves.push(slave);
  return [{ type: "order", slaveId, order: createPrepare(state, slave) }];
}

/** The order to prepare, with the slave's share of this moment. */
export function createPrepare({ executionId, plan, inputs }: OwnerState, { share }: OwnedSlave): Order {
  return { type: "prepare", executionId, plan, inputs, share };
}

/** The order to start, the same whenever it is said again. */
export function createStart({ shared }: OwnerState, { inMs, atWallMs, pauses }: StartInstant): Order {
  const start = { type: "start", shared: shared === "held" ? null : (shared ?? {}), inMs } as const;
  const order = pauses.length === 0 ? start : { ...start, pauses };
  return atWallMs === null ? order : { ...order, atWallMs };
}

function setUp(state: OwnerState, time: Instant): readonly OwnerEffect[] {
  const first = state.slaves[0];
  if (state.plan.workflow.setup.length === 0 || first === undefined) {
    state.shared = {};
    return start(state, time);
  }
  state.phase = "setup";
  state.alone = first.id;
  return [{ type: "order", slaveId: first.id, order: { type: "setup" } }];
}

function start(state: OwnerState, time: Instant): readonly OwnerEffect[] {
  state.phase = "running";
  state.alone = null;
  state.lookedAt = time.now;
  if (state.startLeadMs > 0) {
    state.started = { now: time.now + state.startLeadMs, wall: time.wall + state.startLeadMs };
    noteStart(state, time);
  }
  return [...startReady(state, time), { type: "wake", at: time.now + LOOK_EVERY_MS }];
}

/** Starts those that are ready, unless the test clock stands: they start when it goes on. */
function startReady(state: OwnerState, time: Instant): readonly OwnerEffect[] {
  if (state.phase !== "running" || isStanding(state, time.now)) return [];
  const { started, startLeadMs, pausedMs, lastSerial } = state;
  return state.slaves
    .filter((slave) => slave.state === "ready")
    .map((slave) => {
      const inMs = Math.max(0, started === null ? 0 : started.now + pausedMs - time.now);
      const atWallMs = started === null || startLeadMs === 0 ? null : started.wall + pausedMs;
      slave.start = { inMs, atWallMs, pauses: describePauses(state, time.now) };
      for (const pause of slave.start.pauses)
        slave.pauses.set(pause.scenario, { pausedMs: pause.pausedMs, furthestMs: 0 });
      slave.startSerial = lastSerial;
      slave.state = "running";
      return { type: "order", slaveId: slave.id, order: createStart(state, slave.start) };
    });
}

function noteStart(state: OwnerState, time: Instant): void {
  noteEvent(state, "started", `${state.plan.vus} VUs on ${state.slaves.length} slave(s)`, time);
}

/** Said once, by whichever slave sees it first. */
function noteRowsOver(state: OwnerState, feeder: string, time: Instant): void {
  const message = `data.${feeder}: all rows are given; nothing more begins that needs one`;
  if (state.events.some((event) => event.type === "data_over" && event.message === message)) return;
  noteEvent(state, "data_over", message, time);
}
