import { expect, test } from "vitest";
import { createScenario, createWorkflow } from "../../test/support/staged-run.ts";
import { createSnapshot } from "../measure/snapshot.ts";
import { cutPlan } from "../plan/cut-plan.ts";
import { makePlan } from "../plan/make-plan.ts";
import type { Load } from "../protocol/load.ts";
import type { Fact, Order } from "../protocol/message.ts";
import type { Step, Workflow } from "../protocol/workflow.ts";
import { advanceFleet } from "./fleet.ts";
import { restoreFleet } from "./fleet-record.ts";
import { createFleetState, type FleetEvent, type FleetOptions, type FleetRecord } from "./fleet-state.ts";
import { computeLeaseTimes } from "./lease-times.ts";
import { createLiveThresholds } from "./live-thresholds.ts";
import { testTimeAt } from "./owner-state.ts";

const constant: Load = { mode: "constant-vus", vus: 8, durationMs: 60_000, rampUpMs: 0 };
const step = { id: "s", name: "s", type: "noop" } as Step;

interface Play {
  readonly slaves?: number;
  readonly room?: number;
  readonly load?: Load;
  readonly workflow?: Partial<Workflow>;
}

/** A fleet over a store that has written at once; the slaves are played by hand. Its lease times: H 5 s, L 4.5 s. */
function play({ slaves = 2, room = 8, load = constant, workflow: fields = {} }: Play = {}) {
  const workflow = createWorkflow([createScenario(load)], { metrics: {}, ...fields });
  const plan = makePlan(workflow);
  const shares = cutPlan(
    plan,
    Array.from({ length: slaves }, () => 1),
  );
  const options = (token: number): FleetOptions => ({
    executionId: "x",
    plan,
    inputs: { env: {}, secrets: {} },
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
          record = effect.state;
          pending.push({ type: "persisted", version: effect.version });
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
  const orders: { readonly slaveId: string; readonly order: Order }[] = [];
  const fact = (slaveId: string, of: Fact, incarnation = 1) => tell({ type: "fact", slaveId, incarnation, fact: of });
  const beat = (slaveId: string, suspended = false, incarnation = 1) =>
    fact(slaveId, { type: "heartbeat", sequence: ++sequence, lastFrame: null, suspended }, incarnation);
  const names = Array.from({ length: slaves }, (_, at) => `s${at}`);
  return {
    get fleet() {
      return fleet;
    },
    tell,
    fact,
    beat,
    tick: () => tell({ type: "tick" }),
    turn(ms: number) {
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
    /** Started half a second ago: the test time is 0. */
    begin() {
      tell({ type: "begin" });
      for (const id of names) fact(id, { type: "prepared" });
      now += 500;
      for (const id of names) fact(id, { type: "started", atWallMs: 1_000_000 + now });
    },
    join(slaveId: string, incarnation = 1) {
      tell({ type: "offer", slaveId, incarnation });
      fact(slaveId, { type: "prepared" }, incarnation);
      fact(slaveId, { type: "started", atWallMs: null }, incarnation);
    },
    /** SIGKILL, and another master on another machine after so long. */
    restart(downMs: number) {
      now += downMs;
      origin += 77_000;
      if (record === null) throw new Error("nothing was written");
      fleet = restoreFleet(record, options(2), time());
      tell({ type: "tick" });
    },
  };
}

const pause = { type: "pause", command: "p" } as const;
const resume = { type: "resume", command: "r" } as const;
const scale = (target: number, command = "s"): FleetEvent => ({
  type: "scale",
  command,
  scenario: "default",
  target,
  overMs: 0,
});
const stop = (graceMs: number, command = "c"): FleetEvent => ({
  type: "stop",
  command,
  graceMs,
  reason: "stopped_by_api",
});
const applied = (command: string, testTimeMs: number | null): Fact => ({ type: "applied", command, testTimeMs });

test("a pause acts 300 ms ahead on all, is said again until it has, and is answered once it has everywhere", () => {
  const fleet = play();
  fleet.begin();
  fleet.turn(1_000);
  expect(fleet.tell(pause)).toEqual(["s0 pause", "s1 pause"]);
  expect(fleet.latest("s0", "pause")).toMatchObject({ command: "p", atMs: 1_300 });
  expect(fleet.fact("s0", applied("p", 1_300))).toEqual([]);
  expect(fleet.beat("s0")).toEqual([]);
  expect(fleet.beat("s1")).toEqual(["s1 pause"]);
  expect(fleet.fact("s1", applied("p", 1_450))).toEqual(["p at 1450"]);
  expect(fleet.beat("s1")).toEqual([]);
  fleet.turn(2_000);
  expect(fleet.testTime()).toBe(1_300);
});

test("a resume sets all clocks on one line, whenever they stopped", () => {
  const fleet = play();
  fleet.begin();
  fleet.turn(1_000);
  fleet.tell(pause);
  for (const id of ["s0", "s1"]) fleet.fact(id, applied("p", 1_400));
  fleet.turn(3_000);
  expect(fleet.tell(resume)).toEqual(["s0 resume", "s1 resume"]);
  expect(fleet.latest("s0", "resume")).toMatchObject({ atWallMs: 1_004_800, testTimeMs: 1_300 });
  expect(fleet.testTime()).toBe(1_300);
  fleet.turn(300);
  expect(fleet.testTime()).toBe(1_300);
  fleet.turn(200);
  expect(fleet.testTime()).toBe(1_500);
  expect(fleet.fleet.core.pausedMs).toBe(3_000);
});

test("what changes nothing is answered at once; what cannot be done is a conflict", () => {
  const fleet = play({ workflow: { teardown: [step] } });
  fleet.tell({ type: "begin" });
  expect(fleet.tell(pause)).toEqual([
    "p: conflict: cannot pause an execution that has not started yet; repeat it once it runs",
  ]);
  for (const id of ["s0", "s1"]) fleet.fact(id, { type: "prepared" });
  fleet.turn(1_500);
  for (const id of ["s0", "s1"]) fleet.fact(id, { type: "started", atWallMs: null });
  expect(fleet.tell(resume)).toEqual(["r at 1000"]);
  fleet.tell(pause);
  expect(fleet.tell({ ...pause, command: "again" })).toEqual(["again at 1000"]);
  fleet.tell(stop(0));
  expect(fleet.tell(scale(3))).toEqual(["s: conflict: cannot scale an execution that is ending or has ended"]);
});

test("a slave that is lost keeps nobody waiting for its answer", () => {
  const fleet = play();
  fleet.begin();
  fleet.tell(pause);
  fleet.turn(4_000);
  fleet.beat("s0");
  fleet.fact("s0", applied("p", 300));
  fleet.turn(1_000);
  expect(fleet.tick()).toEqual(["s1 expel", "p at 300", "s0 grant"]);
});

test("commands reach each slave one after another, in the order in which they were given", () => {
  const fleet = play();
  fleet.begin();
  fleet.tell(pause);
  expect(fleet.tell(scale(4))).toEqual([]);
  expect(fleet.tell(resume)).toEqual([]);
  expect(fleet.fact("s0", applied("p", 300))).toEqual(["s0 scale"]);
  expect(fleet.latest("s0", "scale")).toMatchObject({ target: 4, atMs: 300 });
  expect(fleet.fact("s0", applied("s", 300))).toEqual(["s0 resume"]);
  expect(fleet.fact("s0", applied("r", 300))).toEqual([]);
  expect(fleet.fact("s1", applied("p", 310))).toEqual(["s1 scale", "p at 310"]);
  expect(fleet.fact("s1", applied("s", 310))).toEqual(["s1 resume", "s at 310"]);
  expect(fleet.fact("s1", applied("r", 310))).toEqual(["r at 310"]);
});

test("a scale beyond the present VUs brings new ones, as far as there is room", () => {
  const fleet = play();
  fleet.begin();
  expect(fleet.tell(scale(17))).toEqual(["s: conflict: not enough capacity: need 17 VUs, have 16"]);
  expect(fleet.tell(scale(16))).toEqual(["s0 scale", "s1 scale", "s0 grant", "s1 grant"]);
  expect(fleet.held()).toEqual({
    s0: [{ from: 1, to: 15, step: 2 }],
    s1: [{ from: 2, to: 16, step: 2 }],
  });
  expect(fleet.tell(scale(-1, "less"))[0]).toMatch(/^less: invalid_request: .* cannot scale to -1/);
});

test("a scale before the start is kept, and given to all at the start", () => {
  const fleet = play();
  fleet.tell({ type: "begin" });
  expect(fleet.tell(scale(4))).toEqual(["s at null"]);
  for (const id of ["s0", "s1"]) fleet.fact(id, { type: "prepared" });
  fleet.fact("s0", { type: "started", atWallMs: null });
  expect(fleet.beat("s0")).toEqual(["s0 scale"]);
  expect(fleet.latest("s0", "scale")).toMatchObject({ target: 4, atMs: 0 });
});

test("a stop that is said again gives what is left of its grace, and a second one only shortens it", () => {
  const fleet = play();
  fleet.begin();
  expect(fleet.tell(stop(4_000))).toEqual(["s0 stop", "s1 stop"]);
  fleet.turn(1_000);
  expect(fleet.beat("s0")).toEqual(["s0 stop"]);
  expect(fleet.latest("s0", "stop")).toEqual({ type: "stop", command: "c", graceMs: 3_000 });
  fleet.tell(stop(9_000, "longer"));
  expect(fleet.latest("s0", "stop").graceMs).toBe(3_000);
  fleet.tell(stop(500, "shorter"));
  expect(fleet.latest("s0", "stop")).toEqual({ type: "stop", command: "shorter", graceMs: 500 });
  expect(fleet.fact("s0", applied("shorter", null))).toEqual([]);
  expect(fleet.fact("s1", { type: "done", lastFrame: 0 })).toEqual(["c at null", "longer at null", "shorter at null"]);
});

test.each([
  ["redistribute", { s0: [{ from: 1, to: 8, step: 1 }] }, "running", ["slave_lost s1", "moved s0"]],
  ["continue", { s0: [{ from: 1, to: 7, step: 2 }] }, "running", ["slave_lost s1"]],
  ["abort", { s0: [{ from: 1, to: 7, step: 2 }] }, "stopping", ["slave_lost s1", "stopped"]],
] as const)("a loss with on_slave_loss: %s", (onSlaveLoss, held, phase, events) => {
  const fleet = play({ workflow: { onSlaveLoss } });
  fleet.begin();
  fleet.turn(4_499);
  fleet.beat("s0");
  expect(fleet.tick()).toEqual([]);
  fleet.turn(1);
  fleet.tick();
  expect(fleet.held()).toEqual(held);
  expect(fleet.fleet.core.phase).toBe(phase);
  expect(fleet.events()).toEqual(["started", ...events]);
  expect(fleet.fleet.degraded).toBe(true);
  expect(fleet.fleet.core.cause?.reason).toBe(onSlaveLoss === "abort" ? "slaves_lost" : undefined);
});

test("offers are taken only where somebody is wanted; what finds no room waits for them", () => {
  const fleet = play({ room: 4 });
  fleet.begin();
  expect(fleet.fleet.wanting).toBe(false);
  expect(fleet.tell({ type: "offer", slaveId: "late", incarnation: 1 })).toEqual([]);
  fleet.turn(4_000);
  fleet.beat("s0");
  fleet.turn(1_000);
  fleet.tick();
  expect(fleet.events()).toEqual(["started", "slave_lost s1", "capacity_short"]);
  expect(fleet.fleet.wanting).toBe(true);
  expect(fleet.beat("s1")).toEqual(["s1 expel"]);
  fleet.join("s1", 2);
  expect(fleet.events().slice(3)).toEqual(["slave_joined s1", "moved s1"]);
  expect(fleet.held()).toEqual({ s0: [{ from: 1, to: 7, step: 2 }], s1: [{ from: 2, to: 8, step: 2 }] });
  expect(fleet.fleet.wanting).toBe(false);
});

test("one that joins a paused execution starts when it goes on", () => {
  const fleet = play({ room: 4 });
  fleet.begin();
  fleet.turn(4_000);
  fleet.beat("s0");
  fleet.turn(1_000);
  fleet.tick();
  fleet.tell(pause);
  fleet.fact("s0", applied("p", 5_300));
  fleet.turn(1_000);
  expect(fleet.tell({ type: "offer", slaveId: "late", incarnation: 1 })).toEqual(["late prepare"]);
  expect(fleet.fact("late", { type: "prepared" })).toEqual([]);
  fleet.tell(resume);
  fleet.turn(299);
  expect(fleet.tick()).toEqual([]);
  fleet.turn(1);
  expect(fleet.tick()).toEqual(["late start"]);
  expect(fleet.latest("late", "start").atWallMs).toBe(1_000_500 + 1_000);
  fleet.fact("late", { type: "started", atWallMs: null });
  expect(fleet.beat("late")).toEqual(["late grant"]);
});

test("a drained slave gives all up first, may leave then, and the run is not degraded", () => {
  const fleet = play();
  fleet.begin();
  expect(fleet.tell({ type: "drain", slaveId: "s1" })).toEqual(["s1 release"]);
  const { epoch } = fleet.latest("s1", "release");
  expect(fleet.fact("s1", { type: "released", epoch, serials: [0], unstarted: [[]], begun: [[]] })).toEqual([
    "s0 grant",
  ]);
  expect(fleet.events()).toEqual(["started", "moved s0", "slave_drained s1"]);
  fleet.fact("s1", { type: "done", lastFrame: 0 });
  fleet.turn(4_000);
  fleet.beat("s0");
  fleet.turn(1_000);
  fleet.tick();
  expect([...fleet.fleet.members.keys()]).toEqual(["s0"]);
  expect(fleet.fleet.degraded).toBe(false);
});

test("a slave that has not prepared in 30 s is lost before the start; with none left nothing starts", () => {
  const fleet = play();
  fleet.tell({ type: "begin" });
  fleet.fact("s0", { type: "prepared" });
  for (let second = 0; second < 29; second++) {
    fleet.turn(1_000);
    fleet.beat("s0");
    fleet.beat("s1");
    fleet.tick();
  }
  fleet.turn(1_000);
  expect(fleet.tick()).toEqual(["s1 expel", "s0 start"]);
  fleet.fact("s0", { type: "started", atWallMs: null });
  expect(fleet.held()).toEqual({ s0: [{ from: 1, to: 8, step: 1 }] });

  const alone = play({ slaves: 1 });
  alone.tell({ type: "begin" });
  alone.turn(5_000);
  expect(alone.tick()).toEqual(["s0 expel", "final"]);
  expect(alone.fleet.core.cause?.reason).toBe("start_failed");
});

test("a latecomer that cannot prepare ends nobody's load and is not asked again", () => {
  const fleet = play({ room: 4 });
  fleet.begin();
  fleet.turn(4_000);
  fleet.beat("s0");
  fleet.turn(1_000);
  fleet.tick();
  fleet.tell({ type: "offer", slaveId: "late", incarnation: 1 });
  fleet.fact("late", { type: "prepare_failed", code: "unsupported", message: "no driver" });
  expect(fleet.fleet.core.phase).toBe("running");
  expect(fleet.tell({ type: "offer", slaveId: "late", incarnation: 2 })).toEqual([]);
});

test("setup lost with its slave ends the execution", () => {
  const fleet = play({ workflow: { setup: [step] } });
  fleet.tell({ type: "begin" });
  fleet.fact("s0", { type: "prepared" });
  expect(fleet.fact("s1", { type: "prepared" })).toEqual(["s0 setup"]);
  fleet.turn(4_000);
  fleet.beat("s1");
  fleet.turn(1_000);
  expect(fleet.tick()).toEqual(["s0 expel", "s1 close"]);
  expect(fleet.fleet.core.cause?.reason).toBe("setup_lost");
});

test("the skew is how far apart the first test clocks began", () => {
  const fleet = play({ slaves: 3 });
  fleet.tell({ type: "begin" });
  for (const id of ["s0", "s1", "s2"]) fleet.fact(id, { type: "prepared" });
  expect(fleet.fleet.startSkewMs).toBeNull();
  fleet.fact("s0", { type: "started", atWallMs: 1_000_500 });
  fleet.fact("s1", { type: "started", atWallMs: 1_000_512 });
  fleet.fact("s2", { type: "started", atWallMs: 1_000_493 });
  expect(fleet.fleet.startSkewMs).toBe(19);
});

test("a master that is back within the leases goes on as if nothing had happened", () => {
  const fleet = play();
  fleet.begin();
  fleet.turn(1_000);
  fleet.tell(scale(4));
  fleet.restart(3_000);
  expect(fleet.beat("s0")).toEqual(["s0 scale"]);
  expect(fleet.wasRenewed("s0")).toBe(true);
  expect(fleet.latest("s0", "scale")).toMatchObject({ target: 4, atMs: 1_300 });
  fleet.beat("s1", true);
  expect(fleet.wasRenewed("s1")).toBe(true);
  expect(fleet.fleet.core.phase).toBe("running");
  expect(fleet.testTime()).toBe(4_000);
  expect(fleet.events()).toEqual(["started", "scaled", "owner_changed", "suspended s1"]);
});

test("a master that was away for longer than the leases ends the execution, without a start in between", () => {
  const fleet = play();
  fleet.begin();
  fleet.restart(20_000);
  expect(fleet.beat("s0", true)).toEqual([]);
  expect(fleet.wasRenewed("s0")).toBe(false);
  expect(fleet.beat("s1", true)).toEqual(["s0 stop", "s1 stop", "s1 stop"]);
  expect(fleet.wasRenewed("s1")).toBe(false);
  expect(fleet.fleet.core.cause?.reason).toBe("slaves_lost");
  expect(fleet.events()).toEqual(["started", "owner_changed", "suspended s0", "suspended s1", "stopped"]);
  fleet.fact("s0", { type: "done", lastFrame: 0 });
  fleet.beat("s0", true);
  expect(fleet.wasRenewed("s0")).toBe(true);
});

test("thresholds are looked at every two seconds, however many ticks there are", () => {
  const fleet = play();
  fleet.begin();
  const looks: (number | null)[] = [];
  for (let tick = 0; tick < 50; tick++) {
    fleet.turn(100);
    fleet.tick();
    if (looks.at(-1) !== fleet.fleet.core.lookedAt) looks.push(fleet.fleet.core.lookedAt);
  }
  expect(looks).toEqual([0, 2_000, 4_000]);
});

test("ticks that nobody asked for make no further ticks", () => {
  const fleet = play();
  const wakes = () =>
    advanceFleet(fleet.fleet, { type: "tick" }, { now: 0, wall: 0 }).filter(({ type }) => type === "wake");
  expect(wakes().length).toBe(1);
  expect(wakes()).toEqual([]);
});
