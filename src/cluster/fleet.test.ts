import { expect, test } from "vitest";
import { advanceFleet } from "./fleet.ts";
import { applied, pause, playFleet, resume, scale, stop } from "../../test/support/played-fleet.ts";
import type { Load } from "../protocol/load.ts";
import type { Order } from "../protocol/message.ts";
import type { Step } from "../protocol/workflow.ts";

const step = { id: "s", name: "s", type: "noop" } as Step;

test.each([
  ["redistribute", { s0: [{ from: 1, to: 8, step: 1 }] }, "running", ["slave_lost s1", "moved s0"]],
  ["continue", { s0: [{ from: 1, to: 7, step: 2 }] }, "running", ["slave_lost s1"]],
  ["abort", { s0: [{ from: 1, to: 7, step: 2 }] }, "stopping", ["slave_lost s1", "stopped"]],
] as const)("a loss with on_slave_loss: %s", (onSlaveLoss, held, phase, events) => {
  const fleet = playFleet({ workflow: { onSlaveLoss } });
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

test("once all VUs were lost for good, one that joined and got none of them does not wait for the end of time", () => {
  const fleet = playFleet({ workflow: { onSlaveLoss: "continue", onSlaveJoin: "rebalance" } });
  fleet.begin();
  fleet.turn(3_000);
  fleet.join("late");
  for (let second = 0; second < 3; second++) {
    fleet.turn(1_000);
    fleet.beat("late");
    fleet.tick();
  }
  expect([...fleet.fleet.members.keys()]).toEqual(["late"]);
  expect(fleet.fleet.core.phase).toBe("stopping");
  expect(fleet.fleet.core.cause).toMatchObject({ reason: "slaves_lost" });
  expect(fleet.latest("late", "stop")).toBeDefined();
});

test("offers are taken only where somebody is wanted; what finds no room waits for them", () => {
  const fleet = playFleet({ room: 4 });
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
  const fleet = playFleet({ room: 4 });
  fleet.begin();
  fleet.turn(4_000);
  fleet.beat("s0");
  fleet.turn(1_000);
  fleet.tick();
  fleet.tell(pause);
  fleet.fact("s0", applied("p", 5_300));
  fleet.turn(1_000);
  expect(fleet.tell({ type: "offer", slaveId: "late", incarnation: 1 })).toEqual(["late prepare"]);
  expect(fleet.beat("late")).toEqual(["late prepare"]);
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
  const fleet = playFleet();
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
  const fleet = playFleet();
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

  const alone = playFleet({ slaves: 1 });
  alone.tell({ type: "begin" });
  alone.turn(5_000);
  expect(alone.tick()).toEqual(["s0 expel", "final"]);
  expect(alone.fleet.core.cause?.reason).toBe("start_failed");
});

test("a latecomer that cannot prepare ends nobody's load and is not asked again", () => {
  const fleet = playFleet({ room: 4 });
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

test("who goes away after an ordered stop that came before the load had nothing to do: not degraded", () => {
  const fleet = playFleet();
  fleet.tell({ type: "begin" });
  fleet.fact("s0", { type: "prepared" });
  fleet.tell(stop(0));
  fleet.fact("s0", { type: "closed", lastFrame: 0 });
  fleet.turn(5_000);
  expect(fleet.tick()).toContain("final");
  expect(fleet.events()).toEqual([]);
  expect(fleet.fleet.degraded).toBe(false);
});

test("setup lost with its slave ends the execution", () => {
  const fleet = playFleet({ workflow: { setup: [step] } });
  fleet.tell({ type: "begin" });
  fleet.beat("s0");
  fleet.fact("s0", { type: "prepared" });
  expect(fleet.fact("s1", { type: "prepared" })).toEqual(["s0 setup"]);
  fleet.turn(4_000);
  fleet.beat("s1");
  fleet.turn(1_000);
  expect(fleet.tick()).toEqual(["s0 expel", "s1 close"]);
  expect(fleet.fleet.core.cause?.reason).toBe("setup_lost");
});

test("the skew is how far apart the first test clocks began", () => {
  const fleet = playFleet({ slaves: 3 });
  fleet.tell({ type: "begin" });
  for (const id of ["s0", "s1", "s2"]) fleet.fact(id, { type: "prepared" });
  expect(fleet.fleet.startSkewMs).toBeNull();
  fleet.fact("s0", { type: "started", atWallMs: 1_000_500 });
  fleet.fact("s1", { type: "started", atWallMs: 1_000_512 });
  fleet.fact("s2", { type: "started", atWallMs: 1_000_493 });
  expect(fleet.fleet.startSkewMs).toBe(19);
});

test("a master that is back within the leases goes on as if nothing had happened", () => {
  const fleet = playFleet();
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
  const fleet = playFleet();
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
  const fleet = playFleet();
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
  const fleet = playFleet();
  const wakes = () =>
    advanceFleet(fleet.fleet, { type: "tick" }, { now: 0, wall: 0 }).filter(({ type }) => type === "wake");
  expect(wakes().length).toBe(1);
  expect(wakes()).toEqual([]);
});

const steady: Load = {
  mode: "constant-arrival-rate",
  rate: 10,
  timeUnitMs: 1_000,
  durationMs: 60_000,
  preAllocatedVus: 4,
  maxVus: 4,
};

/** Where the windows of a grant begin. */
const fromOf = (grant: Order & { readonly type: "grant" }) =>
  grant.share.scenarios[0]?.arrivals.map(({ from }) => from);

test("arrivals are cut behind all that a lost slave may have begun, also if it never heard of a pause that is over", () => {
  const fleet = playFleet({ load: steady });
  fleet.begin();
  fleet.turn(1_000);
  fleet.tell(pause);
  fleet.fact("s0", applied("p", 1_300));
  fleet.turn(2_000);
  fleet.beat("s0");
  fleet.tell(resume);
  fleet.fact("s0", applied("r", 1_300));
  fleet.turn(1_500);
  fleet.beat("s0");
  fleet.tick();
  expect(fleet.testTime()).toBe(2_500);
  // s1 is given up; its clock may show the 4.5 s that have passed since the start.
  const { epoch } = fleet.latest("s0", "release");
  fleet.fact("s0", { type: "released", epoch, serials: [0], unstarted: [[]], begun: [[]] });
  expect(fromOf(fleet.latest("s0", "grant"))).toEqual([0, 50]);
});

test("no cut lies before an earlier one: a slave whose clock ran on may have begun all up to that one", () => {
  const load = { ...steady, preAllocatedVus: 3, maxVus: 3 };
  const fleet = playFleet({ load, slaves: 3, workflow: { onSlaveLoss: "continue" } });
  fleet.begin();
  fleet.turn(1_000);
  fleet.tell(pause);
  for (const id of ["s1", "s2"]) fleet.fact(id, applied("p", 1_300));
  fleet.turn(3_000);
  for (const id of ["s1", "s2"]) fleet.beat(id);
  // s0 has not heard of the pause when it is given up, s1 has.
  fleet.turn(500);
  fleet.tick();
  const { epoch } = fleet.latest("s1", "release");
  for (const id of ["s1", "s2"])
    fleet.fact(id, { type: "released", epoch, serials: [0], unstarted: [[]], begun: [[]] });
  expect(fromOf(fleet.latest("s1", "grant"))).toEqual([0, 50]);
  fleet.turn(4_000);
  fleet.beat("s2");
  fleet.turn(1_000);
  fleet.tick();
  expect([...fleet.fleet.members.keys()]).toEqual(["s2"]);
  const { epoch: next } = fleet.latest("s2", "release");
  fleet.fact("s2", { type: "released", epoch: next, serials: [0], unstarted: [[]], begun: [[]] });
  const dead = fleet.fleet.partition.scenarios[0]?.arrivals?.dead;
  expect(dead?.map(({ from, to }) => [from, to])).toEqual([[50, null]]);
  expect(fromOf(fleet.latest("s2", "grant"))).toEqual([0, 50]);
});

test("a slave that heard late of a lower rate has begun more by then: the cut lies behind it", () => {
  const fleet = playFleet({ load: steady });
  fleet.begin();
  fleet.turn(1_000);
  fleet.tell({ type: "scale", command: "s", scenario: "default", target: 1, overMs: 0 });
  fleet.fact("s0", applied("s", 1_300));
  fleet.turn(2_000);
  // At 10 a second it has begun 30 by now; at 1 a second since 1.3 s event 30 is planned for second 18.
  fleet.fact("s1", applied("s", 3_000));
  fleet.tell({ type: "drain", slaveId: "s1" });
  expect(fleet.latest("s1", "release").share.scenarios[0]?.arrivals).toMatchObject([{ from: 0, to: 35 }]);
});

test("during a move no more VUs are shown than there are, whatever frames are on their way", () => {
  const fleet = playFleet();
  const frame = (slaveId: string, number: number, active: number) => {
    const vus = [{ scenario: "default", active, most: active, allocated: active, planned: active, iterations: 0 }];
    const generator = { cpu: 0, eventLoopLagMs: 0, memory: 0 };
    const measured = {
      second: number,
      testTimeMs: number * 1_000,
      warmUp: false,
      series: [],
      errors: [],
      overflow: {},
    };
    const sent = { number, ...measured, vus, generator };
    return {
      send: () => fleet.fact(slaveId, { type: "frame", frame: sent }),
      store: () =>
        fleet.tell({ type: "stored", slaveId, incarnation: 1, frame: sent, outcome: "appended", high: number }),
    };
  };
  const { vus, metrics } = fleet.fleet.core.snapshot;
  fleet.begin();
  for (const id of ["s0", "s1"]) {
    const first = frame(id, 1, 4);
    first.send();
    first.store();
  }
  expect(vus.active).toBe(8);
  const late = frame("s1", 2, 4);
  late.send();
  fleet.tell({ type: "drain", slaveId: "s1" });
  const { epoch } = fleet.latest("s1", "release");
  fleet.fact("s1", { type: "released", epoch, serials: [0], unstarted: [[]], begun: [[]] });
  expect(vus.active).toBe(4);
  late.store();
  expect(vus.active).toBe(4);
  frame("s0", 2, 8).store();
  frame("s1", 3, 0).store();
  expect(vus.active).toBe(8);
  expect(metrics.get("vus_max")?.total).toMatchObject({ max: 8 });
  expect(metrics.get("vus")?.total).toMatchObject({ max: 8 });
});

test("a slave that is lost before it has said anything is in the report's list of slaves", () => {
  const fleet = playFleet();
  fleet.begin();
  fleet.turn(4_000);
  fleet.beat("s0");
  fleet.turn(1_000);
  fleet.tick();
  fleet.tell(stop(0));
  fleet.fact("s0", { type: "done", lastFrame: 0 });
  expect(fleet.fact("s0", { type: "closed", lastFrame: 0 })).toEqual(["final"]);
  expect([...fleet.fleet.core.snapshot.sources.keys()]).toEqual(["s1"]);
});

test("those whose part is done wait for what a loss may bring, run it, and are told to end when all are done", () => {
  const load: Load = { mode: "per-vu-iterations", vus: 4, iterations: 50, maxDurationMs: 60_000 };
  const fleet = playFleet({ load });
  fleet.begin();
  expect(fleet.fact("s0", { type: "idle", epoch: 0, serial: 0 })).toEqual([]);
  fleet.turn(4_000);
  fleet.beat("s0");
  fleet.turn(1_000);
  expect(fleet.tick()).toEqual(["s1 expel", "s0 grant"]);
  const { epoch, share } = fleet.latest("s0", "grant");
  expect(share.scenarios[0]?.begun).toEqual([
    [2, 1],
    [4, 1],
  ]);
  // What it said before is of an older share.
  expect(fleet.fact("s0", { type: "idle", epoch: epoch - 1, serial: 0 })).toEqual([]);
  expect(fleet.fact("s0", { type: "granted", epoch })).toEqual([]);
  expect(fleet.fact("s0", { type: "idle", epoch, serial: 0 })).toEqual(["s0 stop"]);
  expect(fleet.latest("s0", "stop")).toMatchObject({ command: "idle", graceMs: 0 });
  fleet.fact("s0", { type: "done", lastFrame: 0 });
  expect(fleet.fact("s0", { type: "closed", lastFrame: 0 })).toEqual(["final"]);
});

test("frames that reached nobody are asked for again once their slave has done its part: no later frame shows the gap", () => {
  const fleet = playFleet();
  fleet.begin();
  const beat = (lastFrame: number, sequence: number) =>
    fleet.fact("s0", { type: "heartbeat", sequence, lastFrame, suspended: false, seen: [0, 0] });
  expect(beat(2, 1_000)).toContain("s0 resend");
  expect(fleet.latest("s0", "resend")).toEqual({ type: "resend", after: 0 });
  expect(beat(0, 1_001)).not.toContain("s0 resend");
});

test("an owner that never heard of a start does not pass over a slave that is lost with frames of its load", () => {
  const fleet = playFleet();
  fleet.tell({ type: "begin" });
  for (const id of ["s0", "s1"]) fleet.fact(id, { type: "prepared" });
  fleet.restart(8_000);
  const beat = (id: string, sequence: number, lastFrame: number) =>
    fleet.fact(id, { type: "heartbeat", sequence, lastFrame, suspended: false, seen: [0, 0] });
  expect(beat("s0", 101, 0)).toEqual(["s0 ack"]);
  expect(beat("s1", 102, 3)).toEqual(["s1 resend", "s0 close", "s1 close", "s1 close"]);
  fleet.fact("s0", { type: "closed", lastFrame: 0 });
  fleet.fact("s1", { type: "closed", lastFrame: 3 });
  fleet.turn(4_999);
  beat("s0", 103, 0);
  fleet.turn(1);
  expect(fleet.tick()).toEqual(["s1 expel", "final"]);
  expect(fleet.events()).toEqual(["started", "owner_changed", "slave_lost s1"]);
  expect(fleet.fleet.degraded).toBe(true);
  expect(beat("s1", 104, 3)).toEqual(["s1 expel", "s1 resend"]);
});

test("a load that ended while it stood still for a master that was away is told, once", () => {
  const fleet = playFleet();
  fleet.begin();
  fleet.restart(70_000);
  const beat = (sequence: number) =>
    fleet.fact("s0", { type: "heartbeat", sequence, lastFrame: 0, suspended: true, seen: [0, 0] });
  beat(101);
  beat(102);
  fleet.fact("s1", { type: "heartbeat", sequence: 103, lastFrame: 0, suspended: false, seen: [0, 0] });
  expect(fleet.events()).toEqual(["started", "owner_changed", "suspended s0"]);
  expect(fleet.fleet.degraded).toBe(true);
});

const cause = { reason: "internal", message: "it broke", code: null } as const;

test("a process that never had a source closes nothing of it: its frames are waited for until the lease has ended", () => {
  const fleet = playFleet();
  fleet.begin();
  expect(fleet.tell({ type: "fail", cause })).toEqual(["s0 close", "s1 close"]);
  expect(fleet.fact("s0", { type: "closed", lastFrame: 0 })).toEqual([]);
  // The id's new process; the frozen one may have frames.
  expect(fleet.fact("s1", { type: "closed", lastFrame: null })).toEqual([]);
  expect(fleet.fleet.core.phase).toBe("closing");
  expect(fleet.fleet.sources.get("s1#1")).toMatchObject({ last: null, over: false });
  fleet.turn(5_000);
  expect(fleet.tick()).toContain("final");
  expect(fleet.fleet.sources.get("s1#1")).toMatchObject({ last: null, over: true });
  expect(fleet.fleet.degraded).toBe(true);
});

test("of a slave that was never prepared there is nothing to wait for", () => {
  const fleet = playFleet();
  fleet.tell({ type: "begin" });
  fleet.fact("s0", { type: "prepared" });
  expect(fleet.tell({ type: "fail", cause })).toEqual(["s0 close", "s1 close"]);
  expect(fleet.fact("s1", { type: "closed", lastFrame: null })).toEqual([]);
  expect(fleet.fact("s0", { type: "closed", lastFrame: null })).toEqual([]);
  expect(fleet.fact("s0", { type: "closed", lastFrame: 0 })).toEqual(["final"]);
  expect(fleet.fleet.degraded).toBe(false);
});
