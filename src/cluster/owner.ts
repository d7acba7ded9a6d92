import { applyFrame } from "../measure/snapshot.ts";
import type { Fact, Order } from "../protocol/message.ts";
import type { Plan } from "../protocol/plan.ts";
import type { EventType } from "../protocol/report.ts";
import { lookAtThresholds } from "./live-thresholds.ts";
import { type Cause, type Instant, type OwnedSlave, type OwnerState, testTimeAt } from "./owner-state.ts";

export type OwnerEvent =
  | { readonly type: "begin" }
  | { readonly type: "fact"; readonly slaveId: string; readonly fact: Fact }
  /** A slave is no longer part of the execution; what it held is the caller's matter. */
  | { readonly type: "lost"; readonly slaveId: string }
  /** A slave joins with nothing to do yet. */
  | { readonly type: "join"; readonly slaveId: string }
  | { readonly type: "fail"; readonly cause: Cause }
  | { readonly type: "tick" }
  /** `command` names the call, for `answered`. */
  | { readonly type: "pause" | "resume"; readonly command: string }
  | {
      readonly type: "scale";
      readonly command: string;
      readonly scenario: string;
      readonly target: number;
      readonly overMs: number;
    }
  | {
      readonly type: "stop";
      readonly command: string;
      readonly graceMs: number;
      readonly reason: "stopped_by_api" | "stopped_by_signal";
    };

export type OwnerEffect =
  | { readonly type: "order"; readonly slaveId: string; readonly order: Order }
  /** Send a `tick` at this time of the owner's clock. */
  | { readonly type: "wake"; readonly at: number }
  /** Everything is over and every slave has closed its part. */
  | { readonly type: "final" };

/** How often thresholds are looked at while running. */
const LOOK_EVERY_MS = 2_000;

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
      return fail(state, event.cause, time);
    case "fact": {
      const slave = state.slaves.find(({ id }) => id === event.slaveId);
      return slave === undefined ? [] : learn(state, slave, event.fact, time);
    }
    case "tick":
      return look(state, time);
    case "pause":
      return pause(state, event.command, time);
    case "resume":
      return resume(state, event.command, time);
    case "scale":
      if (state.phase !== "running") return [];
      note(state, "scaled", `${event.scenario} to ${event.target}`, time);
      return orderAll(state, { ...event, serial: ++state.serial, atMs: testTimeAt(state, time.now) });
    case "stop":
      return stop(state, { reason: event.reason, message: "stopped", code: null }, event, time);
    default:
      return event satisfies never;
  }
}

function learn(state: OwnerState, slave: OwnedSlave, fact: Fact, time: Instant): readonly OwnerEffect[] {
  switch (fact.type) {
    case "prepared":
      if (slave.state !== "preparing") return [];
      slave.state = "ready";
      if (state.phase !== "running") return proceed(state, time);
      slave.state = "running";
      return [{ type: "order", slaveId: slave.id, order: createStart(state) }];
    case "prepare_failed":
      return fail(state, { reason: "start_failed", message: fact.message, code: fact.code }, time);
    case "setup_done":
      if (state.phase !== "setup") return [];
      state.shared = fact.shared;
      return start(state, time);
    case "setup_failed": {
      const reason = fact.timedOut ? "setup_timeout" : "setup_failed";
      return fail(state, { reason, message: fact.message, code: reason }, time);
    }
    case "started":
      if (state.started === null) {
        state.started = time;
        note(state, "started", `${state.plan.vus} VUs on ${state.slaves.length} slave(s)`, time);
      }
      return [];
    case "frame":
      applyFrame(state.snapshot, slave.id, fact.frame);
      return [{ type: "order", slaveId: slave.id, order: { type: "ack", through: fact.frame.number } }];
    case "done":
      if (slave.state !== "closed") slave.state = "ended";
      return proceed(state, time);
    case "teardown_done":
      return state.phase === "teardown" ? close(state, time) : [];
    case "teardown_failed":
      if (state.phase !== "teardown") return [];
      note(state, "teardown_not_run", `teardown did not complete: ${fact.message}`, time);
      if (fact.timedOut)
        state.cause ??= { reason: "teardown_timeout", message: fact.message, code: "teardown_timeout" };
      return close(state, time);
    case "fault":
      return fail(state, { reason: "internal", message: fact.message, code: "internal_error" }, time);
    case "closed":
      slave.state = "closed";
      return proceed(state, time);
    case "applied":
    case "heartbeat":
    case "want":
    case "claim":
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
      return state.slaves.length > 0 && all("ended") ? tearDown(state, time) : [];
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
  if (state.alone === slaveId && state.phase === "setup") {
    return fail(state, { reason: "setup_lost", message: `${slaveId} was lost during setup`, code: null }, time);
  }
  if (state.alone === slaveId && state.phase === "teardown") {
    note(state, "teardown_not_run", `${slaveId} was lost during teardown`, time);
    return close(state, time);
  }
  return proceed(state, time);
}

function join(state: OwnerState, slaveId: string): readonly OwnerEffect[] {
  if (state.phase !== "preparing" && state.phase !== "setup" && state.phase !== "running") return [];
  const nothing = { vus: [], arrivals: [], iterations: [] };
  const slave: OwnedSlave = {
    id: slaveId,
    share: { scenarios: state.plan.scenarios.map(() => nothing) },
    state: "preparing",
  };
  state.slaves.push(slave);
  return [{ type: "order", slaveId, order: createPrepare(state, slave) }];
}

/** The order to prepare, with the slave's share of this moment. */
export function createPrepare({ executionId, plan, inputs }: OwnerState, { share }: OwnedSlave): Order {
  return { type: "prepare", executionId, plan, inputs, share };
}

/** The order to start, which also fits a slave that comes to it late. */
export function createStart({ shared, started, startLeadMs, pausedMs }: OwnerState): Order {
  const order = { type: "start", shared: shared ?? {}, inMs: 0 } as const;
  return started === null || startLeadMs === 0 ? order : { ...order, atWallMs: started.wall + pausedMs };
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
  if (state.startLeadMs > 0) {
    state.started = { now: time.now + state.startLeadMs, wall: time.wall + state.startLeadMs };
    note(state, "started", `${state.plan.vus} VUs on ${state.slaves.length} slave(s)`, time);
  }
  const order = { ...createStart(state), inMs: state.startLeadMs };
  const ready = state.slaves.filter((slave) => slave.state === "ready");
  for (const slave of ready) slave.state = "running";
  return [
    ...ready.map(({ id }) => ({ type: "order", slaveId: id, order }) as const),
    { type: "wake", at: time.now + LOOK_EVERY_MS },
  ];
}

function look(state: OwnerState, time: Instant): readonly OwnerEffect[] {
  if (state.phase !== "running") return [];
  const effects: OwnerEffect[] = [{ type: "wake", at: time.now + LOOK_EVERY_MS }];
  for (const crossed of lookAtThresholds(state.thresholds, state.snapshot, testTimeAt(state, time.now))) {
    const { metric, condition } = crossed;
    if (crossed.fresh) note(state, "threshold_crossed", `${metric}: ${condition}`, time);
    if (!crossed.abort) continue;
    const message = `threshold ${metric}: ${condition} failed`;
    effects.push(...stop(state, { reason: "thresholds", message, code: null }, { command: "", graceMs: shortGrace(state.plan) }, time));
    return effects;
  }
  return effects;
}

/** What running iterations get at a stop that nobody gave a grace for. */
export function shortGrace(plan: Plan): number {
  return Math.min(5_000, Math.max(0, ...plan.scenarios.map(({ scenario }) => scenario.gracefulStopMs)));
}

function pause(state: OwnerState, command: string, time: Instant): readonly OwnerEffect[] {
  if (state.phase !== "running" || state.pausedAt !== null) return [];
  const effects = orderAll(state, { type: "pause", command, serial: ++state.serial, atMs: testTimeAt(state, time.now) });
  state.pausedAt = time.now;
  note(state, "paused", "test clock stopped", time);
  return effects;
}

function resume(state: OwnerState, command: string, time: Instant): readonly OwnerEffect[] {
  if (state.pausedAt === null || state.phase !== "running") return [];
  state.pausedMs += time.now - state.pausedAt;
  state.pausedAt = null;
  note(state, "resumed", "test clock goes on", time);
  const testTimeMs = testTimeAt(state, time.now);
  return orderAll(state, { type: "resume", command, serial: ++state.serial, atWallMs: time.wall, testTimeMs });
}

function stop(
  state: OwnerState,
  cause: Cause,
  { command, graceMs }: { readonly command: string; readonly graceMs: number },
  time: Instant): readonly OwnerEffect[] {
  switch (state.phase) {
    case "preparing":
    case "setup":
      return fail(state, cause, time);
    case "running":
    case "stopping":
      state.cause ??= cause;
      if (state.phase === "running") note(state, "stopped", cause.message, time);
      state.phase = "stopping";
      return orderAll(state, { type: "stop", command, graceMs });
    case "teardown":
      state.cause ??= cause;
      if (graceMs > 0) return [];
      note(state, "teardown_not_run", "teardown was cut short", time);
      return close(state, time);
    case "closing":
    case "done":
      return [];
    default:
      return state.phase satisfies never;
  }
}

function tearDown(state: OwnerState, time: Instant): readonly OwnerEffect[] {
  if (state.phase !== "running" && state.phase !== "stopping") return [];
  endLoad(state, time);
  if (state.plan.workflow.teardown.length === 0 || state.shared === null) return close(state, time);
  const first = state.slaves.find((slave) => slave.state === "ended");
  if (first === undefined) {
    note(state, "teardown_not_run", "no slave is left that could run teardown", time);
    return close(state, time);
  }
  state.phase = "teardown";
  state.alone = first.id;
  return [{ type: "order", slaveId: first.id, order: { type: "teardown", shared: state.shared } }];
}

/** Ends everything at once for a cause that leaves nothing to go on with. */
function fail(state: OwnerState, cause: Cause, time: Instant): readonly OwnerEffect[] {
  if (state.phase === "closing" || state.phase === "done") return [];
  state.cause ??= cause;
  if (state.plan.workflow.teardown.length > 0 && state.phase !== "preparing") {
    note(state, "teardown_not_run", `teardown did not run: ${cause.message}`, time);
  }
  return close(state, time);
}

function close(state: OwnerState, time: Instant): readonly OwnerEffect[] {
  endLoad(state, time);
  state.phase = "closing";
  return state.slaves.length === 0 ? proceed(state, time) : orderAll(state, { type: "close" });
}

function endLoad(state: OwnerState, time: Instant): void {
  if (state.endedAt !== null) return;
  if (state.pausedAt !== null) {
    state.pausedMs += time.now - state.pausedAt;
    state.pausedAt = null;
  }
  state.endedAt = time.now;
}

function orderAll(state: OwnerState, order: Order): OwnerEffect[] {
  return state.slaves.map(({ id }) => ({ type: "order", slaveId: id, order }));
}

function note(state: OwnerState, type: EventType, message: string, time: Instant): void {
  state.events.push({ time: new Date(time.wall).toISOString(), type, message });
}
