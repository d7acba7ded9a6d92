import { advanceFleet } from "../../src/cluster/fleet.ts";
import { restoreFleet, viewRecord } from "../../src/cluster/fleet-record.ts";
import {
  createFleetState,
  type FleetEvent,
  type FleetOptions,
  type FleetRecord,
} from "../../src/cluster/fleet-state.ts";
import { computeLeaseTimes } from "../../src/cluster/lease-times.ts";
import { createLiveThresholds } from "../../src/cluster/live-thresholds.ts";
import { testTimeAt } from "../../src/cluster/owner-state.ts";
import { createSnapshot } from "../../src/measure/snapshot.ts";
import { cutPlan } from "../../src/plan/cut-plan.ts";
import { makePlan } from "../../src/plan/make-plan.ts";
import type { Load } from "../../src/protocol/load.ts";
import type { Fact, Order } from "../../src/protocol/message.ts";
import type { Workflow } from "../../src/protocol/workflow.ts";
import { createScenario, createWorkflow } from "./staged-run.ts";

const constant: Load = { mode: "constant-vus", vus: 8, durationMs: 60_000, rampUpMs: 0 };

interface Play {
  readonly slaves?: number;
  readonly room?: number;
  readonly load?: Load;
  readonly workflow?: Partial<Workflow>;
  /** Only the first owner has them. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** A fleet over a store that has written at once; the slaves are played by hand. Its lease times: H 5 s, L 4.5 s. */
export function playFleet({ slaves = 2, room = 8, load = constant, workflow: fields = {}, secrets = {} }: Play = {}) {
  const workflow = createWorkflow([createScenario(load)], { metrics: {}, ...fields });
  const plan = makePlan(workflow);
  const shares = cutPlan(
    plan,
    Array.from({ length: slaves }, () => 1),
  );
  const options = (token: number): FleetOptions => ({
    executionId: "x",
    plan,
    inputs: { env: {}, secrets: token === 1 ? secrets : {} },
    hasSecrets: Object.keys(secrets).length > 0,
    slaves: shares.map((share, at) => ({ id: `s${at}`, share, incarnation: 1 })),
    snapshot: createSnapshot(workflow),
    thresholds: createLiveThresholds(workflow),
    times: computeLeaseTimes(5_000, 1_000),
    token,
    roomOf: () => room,
  });
  let now = 0;
  let origin = 0;
  const time = () => ({ now: now + origin, wall: 1_000_000 + now });
  let fleet = createFleetState(options(1), 0);
  let record: FleetRecord | null = null;
  let sequence = 0;

  /** What follows: `slave order`, or the effect's own name. Renewals are left out. */
  const tell = (event: FleetEvent): string[] => {
    const told: string[] = [];
    const pending: FleetEvent[] = [event];
    for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
      for (const effect of advanceFleet(fleet, next, time())) {
        if (effect.type === "persist") {
          record = structuredClone(viewRecord(fleet));
          pending.push({ type: "persisted", version: fleet.version });
        } else if (effect.type === "order") {
          orders.push({ slaveId: effect.slaveId, order: effect.order });
          if (effect.order.type !== "renew") told.push(`${effect.slaveId} ${effect.order.type}`);
        } else if (effect.type === "answered") {
          told.push(
            effect.error === null
              ? `${effect.command} at ${effect.testTimeMs}`
              : `${effect.command}: ${effect.error.code}: ${effect.error.message}`,
          );
        } else if (effect.type === "final") told.push("final");
      }
    }
    return told;
  };
  const followed: string[] = [];
  const orders: { readonly slaveId: string; readonly order: Order }[] = [];
  const fact = (slaveId: string, of: Fact, incarnation = 1) => tell({ type: "fact", slaveId, incarnation, fact: of });
  const beat = (slaveId: string, suspended = false, incarnation = 1) =>
    fact(slaveId, { type: "heartbeat", sequence: ++sequence, lastFrame: null, suspended, seen: [0, 0] }, incarnation);
  const names = Array.from({ length: slaves }, (_, at) => `s${at}`);
  return {
    get fleet() {
      return fleet;
    },
    tell,
    fact,
    beat,
    /** What followed from the ticks before that nobody looked at, too. */
    tick: () => [...followed.splice(0), ...tell({ type: "tick" })],
    /** Time goes by, and the owner's ticks come as it asked for them; one that is due at the end of it does not. */
    turn(ms: number) {
      const until = now + ms;
      for (;;) {
        const at = (fleet.wakeAt ?? Number.POSITIVE_INFINITY) - origin;
        if (at >= until) break;
        now = Math.max(now, at);
        followed.push(...tell({ type: "tick" }));
      }
      now = until;
    },
    /** SIGSTOP and SIGCONT: time goes by without a tick. */
    freeze(ms: number) {
      now += ms;
    },
    /** The latest order of this type to a slave. */
    latest<Type extends Order["type"]>(slaveId: string, type: Type) {
      const found = orders.findLast((each) => each.slaveId === slaveId && each.order.type === type)?.order;
      if (found?.type !== type) throw new Error(`${slaveId} was not told to ${type}`);
      return found as Order & { readonly type: Type };
    },
    wasRenewed: (slaveId: string) => {
      const last = orders.findLast(({ order }) => order.type === "renew");
      return last?.slaveId === slaveId && last.order.type === "renew" && last.order.sequence === sequence;
    },
    events: () => fleet.core.events.map(({ type, slave_id: id }) => (id === undefined ? type : `${type} ${id}`)),
    held: () => Object.fromEntries(fleet.core.slaves.map(({ id, share }) => [id, share.scenarios[0]?.vus])),
    testTime: () => testTimeAt(fleet.core, time().now),
    /** How long the load was, and paused, by its owner's clock, ms. */
    loadTimes() {
      const { started, endedAt, pausedMs } = fleet.core;
      return started === null || endedAt === null ? null : { lasted: endedAt - started.now, paused: pausedMs };
    },
    /** Started half a second ago: the test time is 0. */
    begin() {
      tell({ type: "begin" });
      for (const id of names) beat(id);
      for (const id of names) fact(id, { type: "prepared" });
      now += 500;
      for (const id of names) fact(id, { type: "started", atWallMs: 1_000_000 + now });
    },
    join(slaveId: string, incarnation = 1) {
      tell({ type: "offer", slaveId, incarnation });
      beat(slaveId, false, incarnation);
      fact(slaveId, { type: "prepared" }, incarnation);
      fact(slaveId, { type: "started", atWallMs: null }, incarnation);
    },
    /** What is written of this moment. */
    get record() {
      if (record === null) throw new Error("nothing was written");
      return record;
    },
    /** SIGKILL, and another master on another machine after so long; `from`: what is written there. */
    restart(downMs: number, from: FleetRecord | null = record) {
      if (from === null) throw new Error("nothing was written");
      now += downMs;
      origin += 77_000;
      fleet = restoreFleet(from, options(2), time());
      tell({ type: "tick" });
    },
  };
}

/** Commands as a caller gives them, and a slave's answer. */
export const pause = { type: "pause", command: "p" } as const;
export const resume = { type: "resume", command: "r" } as const;
export const scale = (target: number, command = "s"): FleetEvent => ({
  type: "scale",
  command,
  scenario: "default",
  target,
  overMs: 0,
});
export const stop = (graceMs: number, command = "c"): FleetEvent => ({
  type: "stop",
  command,
  graceMs,
  reason: "stopped_by_api",
});
export const applied = (command: string, testTimeMs: number | null): Fact => ({ type: "applied", command, testTimeMs });
