import type { Order } from "../protocol/message.ts";
import type { Plan } from "../protocol/plan.ts";
import { type Cause, type Instant, noteEvent, type OwnerEffect, type OwnerState, testTimeAt } from "./owner-state.ts";
import { answer, awaitAll } from "./steering.ts";

/** What running iterations get at a stop that nobody gave a grace for. */
export function shortGrace(plan: Plan): number {
  return Math.min(5_000, Math.max(0, ...plan.scenarios.map(({ scenario }) => scenario.gracefulStopMs)));
}

/** What a stop still gives running iterations at this moment. */
export function remainingGrace({ stopBy }: OwnerState, now: number): number {
  return stopBy === null ? 0 : Math.max(0, stopBy - now);
}

export interface StopDemand {
  readonly command: string | null;
  readonly graceMs: number;
  readonly message?: string;
}

/**
 * No new starts anywhere; running iterations get `graceMs` from now. Again: only ever shortens. Before the load it ends
 * everything, during teardown only with no grace at all. `command`: null where nobody waits for an answer. `cause`: null: the
 * load has done what it was for, which `message` says.
 */
export function stopLoad(
  state: OwnerState,
  cause: Cause | null,
  { command, graceMs, message }: StopDemand,
  time: Instant,
): readonly OwnerEffect[] {
  const answered = command === null ? [] : [answer(command, null)];
  switch (state.phase) {
    case "preparing":
    case "setup":
      return [...(cause === null ? [] : failExecution(state, cause, time)), ...answered];
    case "running":
    case "stopping": {
      state.cause ??= cause;
      if (state.phase === "running") noteEvent(state, "stopped", cause?.message ?? message ?? "", time);
      state.phase = "stopping";
      state.stopBy = Math.min(time.now + graceMs, state.stopBy ?? Number.POSITIVE_INFINITY);
      const order = { type: "stop", command: command ?? "stop", graceMs: remainingGrace(state, time.now) } as const;
      const running = state.slaves.filter((slave) => slave.state === "running");
      const orders = running.map(({ id }) => ({ type: "order", slaveId: id, order }) as const);
      if (running.length === 0) return [...tearDown(state, time), ...answered];
      return command === null ? orders : [...orders, ...awaitAll(state, command, null)];
    }
    case "teardown":
      state.cause ??= cause;
      if (graceMs > 0) return answered;
      noteEvent(state, "teardown_not_run", "teardown was cut short", time);
      return [...closeAll(state, time), ...answered];
    case "closing":
    case "done":
      return answered;
    default:
      return state.phase satisfies never;
  }
}

/** After the load: teardown on one slave, or the end. */
export function tearDown(state: OwnerState, time: Instant): readonly OwnerEffect[] {
  if (state.phase !== "running" && state.phase !== "stopping") return [];
  endLoad(state, time);
  if (state.plan.workflow.teardown.length === 0 || state.shared === null) return closeAll(state, time);
  const first = state.slaves.find((slave) => slave.state === "ended");
  if (first === undefined) {
    noteEvent(state, "teardown_not_run", "no slave is left that could run teardown", time);
    return closeAll(state, time);
  }
  state.phase = "teardown";
  state.alone = first.id;
  return [{ type: "order", slaveId: first.id, order: createTeardown(state) }];
}

/** The order to tear down; every slave that has ended was started with what setup made. */
export function createTeardown({ shared }: OwnerState): Order {
  return { type: "teardown", shared: shared === "held" ? null : (shared ?? {}) };
}

/** Ends everything at once for a cause that leaves nothing to go on with. */
export function failExecution(state: OwnerState, cause: Cause, time: Instant): readonly OwnerEffect[] {
  if (state.phase === "closing" || state.phase === "done") return [];
  state.cause ??= cause;
  if (state.plan.workflow.teardown.length > 0 && state.phase !== "preparing") {
    noteEvent(state, "teardown_not_run", `teardown did not run: ${cause.message}`, time);
  }
  return closeAll(state, time);
}

/** Every slave ends its part; with none left it is final. */
export function closeAll(state: OwnerState, time: Instant): readonly OwnerEffect[] {
  endLoad(state, time);
  state.phase = "closing";
  const answers = state.commands.map(({ command, testTimeMs }) => answer(command, testTimeMs));
  state.commands.length = 0;
  if (state.slaves.length === 0) {
    state.phase = "done";
    return [...answers, { type: "final" }];
  }
  return [
    ...answers,
    ...state.slaves.map(({ id }) => ({ type: "order", slaveId: id, order: { type: "close" } }) as const),
  ];
}

/** The load ended when its slaves' did, however late that is heard; now, where one of them still runs. */
function endLoad(state: OwnerState, time: Instant): void {
  if (state.endedAt !== null) return;
  const { started, loadMs, slaves } = state;
  const tested = testTimeAt(state, time.now);
  if (started !== null && (state.pausedAt !== null || state.resumedAt !== null)) {
    state.pausedMs = Math.max(0, time.now - started.now - tested);
  }
  state.pausedAt = null;
  const known = started !== null && loadMs !== null && slaves.every((slave) => slave.state !== "running");
  state.endedAt = known ? Math.min(time.now, started.now + state.pausedMs + loadMs) : time.now;
}
