import { EngineError, type ErrorCode } from "../errors.ts";
import { checkScale, findScenario } from "../plan/check-scale.ts";
import type { Fact, Order, SteeringOrder } from "../protocol/message.ts";
import {
  type Instant,
  isUnpaused,
  noteEvent,
  type OwnedSlave,
  type OwnerEffect,
  type OwnerState,
  type PendingCommand,
  testTimeAt,
} from "./owner-state.ts";
import { toScenarioTime } from "./scenario-time.ts";
import { isArrival } from "./partition.ts";

/** A call that steers an execution. `command` names it, for `answered`. */
export type SteeringEvent =
  /** `scenario`: of this one alone; absent: of all. */
  | { readonly type: "pause" | "resume"; readonly command: string; readonly scenario?: string }
  | {
      readonly type: "scale";
      readonly command: string;
      readonly scenario: string;
      readonly target: number;
      readonly overMs: number;
      /** For the execution's history. */
      readonly why?: string;
    };

export type Answered = OwnerEffect & { readonly type: "answered" };

/**
 * Takes a pause, resume or scale. It acts at one test instant, a little ahead; the answer follows when it is in force on
 * every slave that runs now. A repetition changes nothing and is answered when the first is in force.
 */
export function steer(state: OwnerState, event: SteeringEvent, time: Instant): readonly OwnerEffect[] {
  const refusal = findRefusal(state, event);
  if (refusal !== null) return [refuse(event.command, refusal.code, refusal.message)];
  switch (event.type) {
    case "pause":
      if (event.scenario !== undefined) return pauseScenario(state, event.command, event.scenario, time);
      if (state.pausedAt !== null) return awaitEarlier(state, event, time);
      return pause(state, event.command, time);
    case "resume":
      if (event.scenario !== undefined) return resumeScenario(state, event.command, event.scenario, time);
      if (state.pausedAt === null) return awaitEarlier(state, event, time);
      return resume(state, event.command, state.pausedAt, time);
    case "scale": {
      const own = toScenarioTime(state, event.scenario, findActing(state, time));
      const stands = state.pausedScenarios.get(event.scenario)?.standsAtMs ?? null;
      // A hair before where the clock stands is as good as there, a hair after it is never.
      const atMs = stands === null ? own : Math.floor(own);
      const { command, scenario, target, overMs, why } = event;
      const over = overMs > 0 ? ` over ${overMs} ms` : "";
      noteEvent(state, "scaled", `${scenario} to ${target}${over}${why === undefined ? "" : `: ${why}`}`, time);
      return send(state, { type: "scale", command, serial: nextSerial(state), scenario, target, overMs, atMs });
    }
    default:
      return event satisfies never;
  }
}

/** The next command for a slave that runs; null: it has acted on all of them. */
export function findDue({ steering }: OwnerState, slave: OwnedSlave): SteeringOrder | null {
  return steering.find((order) => isDue(order, slave)) ?? null;
}

/** A slave has acted on a command: the next one goes to it, and whoever waited for it alone is answered. */
export function noteApplied(
  state: OwnerState,
  slave: OwnedSlave,
  fact: Fact & { readonly type: "applied" },
): readonly OwnerEffect[] {
  const order = state.steering.find(({ command, serial }) => command === fact.command && serial > slave.steered);
  if (order === undefined) {
    // A later stop is as good as those before it.
    if (fact.testTimeMs === null) for (const stop of listStops(state)) stop.waiting.delete(slave.id);
    return listAnswers(state);
  }
  slave.steered = order.serial;
  if (order.type === "resume") slave.aheadMs = 0;
  if (order.type === "pause_scenario" || order.type === "resume_scenario") notePaused(slave, order, fact.testTimeMs);
  if (order.type === "pause") slave.furthestMs = Math.max(slave.furthestMs, fact.testTimeMs ?? 0);
  for (const pending of state.commands) {
    if (pending.serial === null || pending.serial > order.serial || !pending.waiting.delete(slave.id)) continue;
    if (fact.testTimeMs !== null) pending.testTimeMs = Math.max(pending.testTimeMs ?? 0, fact.testTimeMs);
  }
  return [...sendDue(state, slave), ...listAnswers(state)];
}

function notePaused(
  slave: OwnedSlave,
  order: SteeringOrder & { readonly type: "pause_scenario" | "resume_scenario" },
  timeMs: number | null,
): void {
  const { pausedMs, furthestMs } = slave.pauses.get(order.scenario) ?? { pausedMs: 0, furthestMs: 0 };
  slave.pauses.set(order.scenario, {
    pausedMs: order.type === "resume_scenario" ? order.pausedMs : pausedMs,
    furthestMs: Math.max(furthestMs, timeMs ?? 0),
  });
}

/** The slave will act on nothing any more: nobody waits for it. */
export function forgetSteered(state: OwnerState, slaveId: string): readonly OwnerEffect[] {
  for (const { waiting } of state.commands) waiting.delete(slaveId);
  return listAnswers(state);
}

/** Waits for those that run now before the caller of a command is answered. `order`: null: it is a stop. */
export function awaitAll(state: OwnerState, command: string, order: SteeringOrder | null): readonly OwnerEffect[] {
  const late = state.slaves.filter((slave) => slave.state === "running" && (order === null || isDue(order, slave)));
  const waiting = new Set(late.map(({ id }) => id));
  state.commands.push({ command, serial: order?.serial ?? null, waiting, testTimeMs: null });
  return listAnswers(state);
}

/** The caller of a pause or resume that is ordered already waits with the first: it may not be in force everywhere. */
function awaitEarlier(
  state: OwnerState,
  {
    type,
    command,
    scenario,
  }: { readonly type: SteeringOrder["type"]; readonly command: string; readonly scenario?: string },
  time: Instant,
): readonly OwnerEffect[] {
  const order = state.steering.findLast(
    (each) => each.type === type && ("scenario" in each ? each.scenario : undefined) === scenario,
  );
  const late = order !== undefined && state.slaves.some((slave) => slave.state === "running" && isDue(order, slave));
  return late ? awaitAll(state, command, order) : [answer(command, testTimeAt(state, time.now))];
}

/** The answer to a command that was, or needs not be, carried out. */
export function answer(command: string, testTimeMs: number | null): Answered {
  return { type: "answered", command, error: null, testTimeMs };
}

/** The answer to a command that cannot be carried out. */
export function refuse(command: string, code: ErrorCode, message: string): Answered {
  return { type: "answered", command, error: { code, message }, testTimeMs: null };
}

function findRefusal(
  state: OwnerState,
  event: SteeringEvent,
): { readonly code: ErrorCode; readonly message: string } | null {
  const { phase } = state;
  const early = phase === "preparing" || phase === "setup";
  if (phase !== "running" && !(early && event.type === "scale")) {
    const when = early ? "has not started yet; repeat it once it runs" : "is ending or has ended";
    return { code: "conflict", message: `cannot ${event.type} an execution that ${when}` };
  }
  try {
    if (event.type === "scale") checkScale(state.plan, event.scenario, event.target);
    else if (event.scenario !== undefined) findScenario(state.plan, event.scenario);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { code: error.code, message: error.message };
  }
  if (event.type !== "scale") return null;
  if (event.overMs >= 0 && Number.isFinite(event.overMs)) return null;
  return { code: "invalid_request", message: `over: ${event.overMs} ms is not a duration of 0 or more` };
}

/**
 * The test time of a pause to the bit as the slaves were told it: where their clocks stand a hair before it, a scale
 * would never come to act, and everything after it neither.
 */
function findStandstill(state: OwnerState, pausedAt: number): number {
  const told = state.steering.findLast(
    (order) => order.type === "pause" || (order.type === "scale" && !state.pausedScenarios.has(order.scenario)),
  );
  const atMs = testTimeAt(state, pausedAt);
  return told?.type !== "pause" && told?.type !== "scale" ? Math.floor(atMs) : Math.min(atMs, told.atMs);
}

function pause(state: OwnerState, command: string, time: Instant): readonly OwnerEffect[] {
  const at = time.now + leadOf(state);
  const atMs = testTimeAt(state, at);
  // Before the start instant the clock stands at 0 anyway.
  state.pausedAt = Math.max(at, state.started?.now ?? at);
  noteEvent(state, "paused", `test clock stops at ${Math.round(atMs)} ms`, time);
  return send(state, { type: "pause", command, serial: nextSerial(state), atMs });
}

function resume(state: OwnerState, command: string, pausedAt: number, time: Instant): readonly OwnerEffect[] {
  const at = Math.max(time.now + leadOf(state), pausedAt);
  const testTimeMs = testTimeAt(state, pausedAt);
  for (const slave of state.slaves) if (isUnpaused(state, slave)) slave.aheadMs += at - pausedAt;
  state.leastTestMs = testTimeMs;
  state.pausedMs += at - pausedAt;
  state.pausedAt = null;
  state.resumedAt = at;
  noteEvent(state, "resumed", `test clock goes on at ${Math.round(testTimeMs)} ms`, time);
  const atWallMs = time.wall + (at - time.now);
  return send(state, { type: "resume", command, serial: nextSerial(state), atWallMs, testTimeMs });
}

/** The test time at which a command acts. */
function findActing(state: OwnerState, time: Instant): number {
  return state.pausedAt === null ? testTimeAt(state, time.now + leadOf(state)) : findStandstill(state, state.pausedAt);
}

function pauseScenario(state: OwnerState, command: string, scenario: string, time: Instant): readonly OwnerEffect[] {
  const known = state.pausedScenarios.get(scenario) ?? { pausedMs: 0, standsAtMs: null, leastMs: 0, serial: 0 };
  if (known.standsAtMs !== null) return awaitEarlier(state, { type: "pause_scenario", command, scenario }, time);
  const atMs = toScenarioTime(state, scenario, findActing(state, time));
  const serial = nextSerial(state);
  state.pausedScenarios.set(scenario, { ...known, standsAtMs: atMs, serial });
  noteEvent(state, "paused", `${scenario}: its clock stops at ${Math.round(atMs)} ms`, time);
  return send(state, { type: "pause_scenario", command, serial, scenario, atMs });
}

function resumeScenario(state: OwnerState, command: string, scenario: string, time: Instant): readonly OwnerEffect[] {
  const known = state.pausedScenarios.get(scenario);
  if (known === undefined || known.standsAtMs === null)
    return awaitEarlier(state, { type: "resume_scenario", command, scenario }, time);
  const { standsAtMs } = known;
  const atMs = findActing(state, time);
  const pausedMs = Math.max(known.pausedMs, atMs - standsAtMs);
  const serial = nextSerial(state);
  state.pausedScenarios.set(scenario, { pausedMs, standsAtMs: null, leastMs: standsAtMs, serial });
  noteEvent(state, "resumed", `${scenario}: its clock goes on at ${Math.round(standsAtMs)} ms`, time);
  return send(state, { type: "resume_scenario", command, serial, scenario, atMs, pausedMs });
}

/** Gives a new command to those who have acted on all before it. */
function send(state: OwnerState, order: SteeringOrder): readonly OwnerEffect[] {
  prune(state, order);
  state.steering.push(order);
  const effects = state.slaves
    .filter((slave) => findDue(state, slave) === order)
    .flatMap((slave) => sendDue(state, slave));
  return [...effects, ...awaitAll(state, order.command, order)];
}

function sendDue(state: OwnerState, slave: OwnedSlave): readonly OwnerEffect[] {
  const due: Order | null = slave.state === "running" ? findDue(state, slave) : null;
  return due === null ? [] : [{ type: "order", slaveId: slave.id, order: due }];
}

/** What no slave can need any more: a change of the clock that all have made, a jump that a later jump has undone. */
function prune({ plan, steering, slaves, commands }: OwnerState, next: SteeringOrder): void {
  const needed = (order: SteeringOrder): boolean => {
    if (commands.some(({ serial }) => serial === order.serial)) return true;
    if (slaves.some((slave) => slave.state === "running" && isDue(order, slave))) return true;
    if (order.type !== "scale") return false;
    // The numbers of arrivals follow from all rates before.
    const load = plan.scenarios.find(({ scenario }) => scenario.name === order.scenario)?.scenario.load;
    if (load !== undefined && isArrival(load)) return true;
    // A ramp begins where the change before it has led to.
    return !(next.type === "scale" && next.scenario === order.scenario && next.overMs === 0);
  };
  steering.splice(0, steering.length, ...steering.filter(needed));
}

/** Has the slave not acted on it, nor begun with it? */
function isDue({ type, serial }: SteeringOrder, { steered, startSerial }: OwnedSlave): boolean {
  return serial > steered && (type === "scale" || serial > startSerial);
}

function listAnswers(state: OwnerState): readonly OwnerEffect[] {
  const over = state.commands.filter(({ waiting }) => waiting.size === 0);
  if (over.length === 0) return [];
  state.commands.splice(0, state.commands.length, ...state.commands.filter(({ waiting }) => waiting.size > 0));
  return over.map(({ command, testTimeMs }) => answer(command, testTimeMs));
}

function listStops({ commands }: OwnerState): readonly PendingCommand[] {
  return commands.filter(({ serial }) => serial === null);
}

/** Serials go on where the commands that were forgotten ended. */
function nextSerial(state: OwnerState): number {
  state.lastSerial++;
  return state.lastSerial;
}

/** Nobody has started yet: a command is in force from the start instant. */
function leadOf({ commandLeadMs, phase }: OwnerState): number {
  return phase === "running" ? commandLeadMs : 0;
}
