import { expect, test } from "vitest";
import { createScenario, createWorkflow } from "../../test/support/staged-run.ts";
import { createSnapshot } from "../measure/snapshot.ts";
import { cutPlan } from "../plan/cut-plan.ts";
import { makePlan } from "../plan/make-plan.ts";
import type { Frame, SeriesDelta } from "../protocol/frame.ts";
import type { Fact } from "../protocol/message.ts";
import type { Step, Threshold, Workflow } from "../protocol/workflow.ts";
import { createLiveThresholds, decideThresholds } from "./live-thresholds.ts";
import { advanceOwner, type OwnerEvent } from "./owner.ts";
import { createOwnerState, type OwnerEffect, testTimeAt } from "./owner-state.ts";
import { judgeExecution } from "./verdict.ts";

const step = { id: "s", name: "s", type: "noop" } as Step;
const load = { mode: "constant-vus", vus: 4, durationMs: 60_000, rampUpMs: 0 } as const;

/** An owner with its slaves played by hand: `tell` gives the names of the orders and other effects that follow. */
function own(fields: Partial<Workflow> = {}, slaveCount = 1) {
  const workflow = createWorkflow([createScenario(load)], { metrics: {}, ...fields });
  const plan = makePlan(workflow);
  const shares = cutPlan(
    plan,
    Array.from({ length: slaveCount }, () => 1),
  );
  const snapshot = createSnapshot(workflow);
  const thresholds = createLiveThresholds(workflow);
  const slaves = shares.map((share, at) => ({ id: `s${at}`, share }));
  const state = createOwnerState({
    executionId: "x",
    plan,
    inputs: { env: {}, secrets: {} },
    slaves,
    snapshot,
    thresholds,
  });
  let now = 0;
  const tell = (event: OwnerEvent) => advanceOwner(state, event, { now, wall: 1_000_000 + now }).map(describe);
  return {
    state,
    tell,
    fact: (fact: Fact, slaveId = "s0") => tell({ type: "fact", slaveId, fact }),
    turn(ms: number) {
      now += ms;
    },
    testTime: () => testTimeAt(state, now),
    verdict: () => judgeExecution(state, decideThresholds(thresholds, snapshot, testTimeAt(state, now))),
    begin() {
      tell({ type: "begin" });
      for (const { id } of slaves) tell({ type: "fact", slaveId: id, fact: { type: "prepared" } });
      tell({ type: "fact", slaveId: "s0", fact: { type: "started", atWallMs: null } });
    },
  };
}

function describe(effect: OwnerEffect): string {
  return effect.type === "order" ? `${effect.slaveId} ${effect.order.type}` : effect.type;
}

function frameOf(series: SeriesDelta[], testTimeMs = 1_000): Fact {
  const frame: Frame = {
    number: 1,
    second: 0,
    testTimeMs,
    warmUp: false,
    series,
    errors: [],
    vus: [],
    overflow: {},
    generator: { cpu: 0, eventLoopLagMs: 0, memory: 0 },
  };
  return { type: "frame", frame };
}

const rateDelta = (metric: string, passes: number, total: number): SeriesDelta => ({
  key: { metric, type: "rate", tags: {} },
  type: "rate",
  passes,
  total,
});

const threshold: Threshold = {
  metric: "http_req_failed",
  condition: "rate < 10%",
  abortOnFail: true,
  delayMs: 0,
  windowMs: null,
  noData: "pass",
};

test("an execution goes through all its phases, and ends when the last slave has closed", () => {
  const owner = own({ setup: [step], teardown: [step] }, 2);
  expect(owner.tell({ type: "begin" })).toEqual(["s0 prepare", "s1 prepare"]);
  expect(owner.fact({ type: "prepared" })).toEqual([]);
  expect(owner.fact({ type: "prepared" }, "s1")).toEqual(["s0 setup"]);
  expect(owner.fact({ type: "setup_done", shared: { token: "t" } })).toEqual(["s0 start", "s1 start", "wake"]);
  owner.fact({ type: "started", atWallMs: null });
  expect(owner.fact({ type: "done", lastFrame: 0 })).toEqual([]);
  expect(owner.fact({ type: "done", lastFrame: 0 }, "s1")).toEqual(["s0 teardown"]);
  expect(owner.fact({ type: "teardown_done" })).toEqual(["s0 close", "s1 close"]);
  expect(owner.fact({ type: "closed", lastFrame: 0 })).toEqual([]);
  expect(owner.fact({ type: "closed", lastFrame: 0 }, "s1")).toEqual(["final"]);
});

test("a frame is merged and acknowledged", () => {
  const owner = own();
  owner.begin();
  expect(owner.fact(frameOf([rateDelta("iteration_failed", 0, 7)]))).toEqual(["s0 ack"]);
  owner.fact({ type: "done", lastFrame: 1 });
  expect(owner.verdict()).toEqual({ status: "completed", passed: true, reason: null });
});

test("nothing succeeded: failed, unless thresholds failed too, which come first", () => {
  const owner = own({ thresholds: [{ ...threshold, abortOnFail: false }] });
  owner.begin();
  owner.fact(frameOf([rateDelta("iteration_failed", 3, 3)]));
  expect(owner.verdict()).toEqual({ status: "failed", passed: false, reason: "nothing_succeeded" });
  owner.fact(frameOf([rateDelta("http_req_failed", 3, 3)]));
  expect(owner.verdict()).toEqual({ status: "failed", passed: false, reason: "thresholds" });
});

test("a failing threshold with abort stops the load once its delay is over, and is noted once", () => {
  const owner = own({ thresholds: [{ ...threshold, delayMs: 3_000 }] });
  owner.begin();
  owner.fact(frameOf([rateDelta("http_req_failed", 1, 2)]));
  owner.turn(2_000);
  expect(owner.tell({ type: "tick" })).toEqual(["wake"]);
  owner.turn(2_000);
  expect(owner.tell({ type: "tick" })).toEqual(["wake", "s0 stop"]);
  expect(owner.state.phase).toBe("stopping");
  expect(owner.state.events.map(({ type }) => type)).toEqual(["started", "threshold_crossed", "stopped"]);
  expect(owner.fact({ type: "done", lastFrame: 1 })).toEqual(["s0 close"]);
  expect(owner.verdict()).toEqual({ status: "failed", passed: false, reason: "thresholds" });
});

test("what is counted per second is divided by the time that frames cover, not by the clock that runs ahead of them", () => {
  const owner = own({
    thresholds: [
      { metric: "http_reqs", condition: "rate > 90", abortOnFail: true, delayMs: 0, windowMs: null, noData: "pass" },
    ],
  });
  owner.begin();
  const counter = { metric: "http_reqs", type: "counter", tags: {} } as const;
  const frame = (sum: number, testTimeMs: number) =>
    owner.fact(frameOf([{ key: counter, type: "counter", sum }], testTimeMs));
  frame(100, 1_000);
  owner.turn(2_000);
  expect(owner.tell({ type: "tick" })).toEqual(["wake"]);
  // The next frame never comes: a silent slave hides a lower rate for no longer than frames take.
  owner.turn(2_000);
  expect(owner.tell({ type: "tick" })).toEqual(["wake", "s0 stop"]);
});

test("a stop by signal is aborted; it passes only with thresholds that hold", () => {
  for (const { thresholds, passed } of [
    { thresholds: [], passed: false },
    { thresholds: [threshold], passed: true },
  ]) {
    const owner = own({ thresholds });
    owner.begin();
    owner.fact(frameOf([rateDelta("http_req_failed", 0, 2), rateDelta("iteration_failed", 0, 2)]));
    expect(owner.tell({ type: "stop", command: "c", graceMs: 5_000, reason: "stopped_by_signal" })).toEqual([
      "s0 stop",
    ]);
    expect(owner.tell({ type: "stop", command: "c", graceMs: 0, reason: "stopped_by_signal" })).toEqual(["s0 stop"]);
    owner.fact({ type: "done", lastFrame: 1 });
    expect(owner.verdict()).toEqual({ status: "aborted", passed, reason: "stopped_by_signal" });
  }
});

test("a stop is told with who asked for it, and the first who did is the cause", () => {
  for (const [reason, message] of [
    ["stopped_by_api", "stopped through the API"],
    ["stopped_by_signal", "stopped by a signal"],
  ] as const) {
    const owner = own({});
    owner.begin();
    owner.tell({ type: "stop", command: "c", graceMs: 5_000, reason });
    owner.tell({ type: "stop", command: "d", graceMs: 0, reason: "stopped_by_api" });
    expect(owner.state.events.slice(1)).toMatchObject([{ type: "stopped", message }]);
    expect(owner.state.cause).toEqual({ reason, message, code: null });
  }
});

test("a failed setup closes everything; teardown does not run and that is noted", () => {
  const owner = own({ setup: [step], teardown: [step] });
  owner.tell({ type: "begin" });
  owner.fact({ type: "prepared" });
  expect(owner.fact({ type: "setup_failed", message: "no login", timedOut: false })).toEqual(["s0 close"]);
  expect(owner.state.events.map(({ type }) => type)).toEqual(["teardown_not_run"]);
  expect(owner.verdict().reason).toBe("setup_failed");
});

test("the first cause of an end wins", () => {
  const owner = own({ setup: [step] });
  owner.tell({ type: "begin" });
  owner.fact({ type: "prepared" });
  owner.tell({ type: "stop", command: "c", graceMs: 0, reason: "stopped_by_signal" });
  expect(owner.fact({ type: "setup_failed", message: "late", timedOut: true })).toEqual([]);
  expect(owner.verdict().reason).toBe("stopped_by_signal");
});

test("test time stands while paused, also where the slave stopped later", () => {
  const owner = own();
  owner.begin();
  owner.turn(1_000);
  expect(owner.tell({ type: "pause", command: "p" })).toEqual(["s0 pause"]);
  expect(owner.tell({ type: "pause", command: "again" })).toEqual([]);
  expect(owner.fact({ type: "applied", command: "p", testTimeMs: 1_020 })).toEqual(["answered", "answered"]);
  owner.turn(5_000);
  expect(owner.testTime()).toBe(1_000);
  expect(owner.tell({ type: "resume", command: "r" })).toEqual(["s0 resume"]);
  expect(owner.fact({ type: "applied", command: "r", testTimeMs: 1_020 })).toEqual(["answered"]);
  expect(owner.tell({ type: "resume", command: "again" })).toEqual(["answered"]);
  owner.turn(500);
  expect(owner.testTime()).toBe(1_500);
  expect(owner.state.pausedMs).toBe(5_000);
});
