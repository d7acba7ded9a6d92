import { expect, test } from "vitest";
import { makePlan } from "../plan/make-plan.ts";
import { createFrame } from "../../test/support/stores.ts";
import { createScenario, createWorkflow } from "../../test/support/staged-run.ts";
import type { Frame } from "../protocol/frame.ts";
import type { Fact, Order } from "../protocol/message.ts";
import { advanceAgent, type AgentEvent, createAgentState } from "./agent.ts";
import { computeLeaseTimes } from "./lease-times.ts";
import type { CarriedOrder, ReportedFact } from "./slave.ts";

const plan = makePlan(
  createWorkflow([
    createScenario({ mode: "shared-iterations", vus: 4, iterations: 100, maxDurationMs: 60_000 }, { name: "a" }),
  ]),
);
const share = { scenarios: [{ vus: [{ from: 1, to: 4, step: 1 }], arrivals: [], iterations: [] }] };
const prepare: Order = { type: "prepare", executionId: "x", plan, inputs: { env: {}, secrets: {} }, share };
const start: Order = { type: "start", shared: {}, inMs: 0, atWallMs: 1_010_000 };

/** An agent whose clocks the test turns; the slave's epoch clock is 3 s behind its owner's. */
function play() {
  const state = createAgentState({ executionId: "x", incarnation: 2 }, computeLeaseTimes(5_000, 1_000));
  let now = 0;
  const tell = (event: AgentEvent) => {
    const sent: Fact[] = [];
    const carried: CarriedOrder[] = [];
    for (const effect of advanceAgent(state, event, { now, wall: 997_000 + now })) {
      if (effect.type === "send") sent.push(effect.fact);
      else carried.push(effect.order);
    }
    return { sent, carried };
  };
  const order = (of: Order, { token = 1, incarnation = 2 } = {}) =>
    tell({ type: "order", order: of, stamp: { executionId: "x", incarnation, token, record: 0 } });
  const fact = (of: ReportedFact) => tell({ type: "fact", fact: of });
  const beat = () => {
    const [heartbeat] = tell({ type: "beat" }).sent;
    if (heartbeat?.type !== "heartbeat") throw new Error("no heartbeat");
    return heartbeat;
  };
  return {
    state,
    tell,
    order,
    fact,
    beat,
    turn(ms: number) {
      now += ms;
    },
    /** Prepared, with a lease, and running. */
    begin() {
      order({ type: "renew", sequence: beat().sequence, ownerWallMs: 1_000_000 + now });
      order(prepare);
      fact({ type: "prepared" });
      return order(start);
    },
  };
}

test("an order of an older owner, of another incarnation or execution is refused", () => {
  const agent = play();
  agent.begin();
  const stop: Order = { type: "stop", command: "c", graceMs: 0 };
  agent.order({ type: "ack", through: 0 }, { token: 7 });
  expect(agent.order(stop, { token: 6 }).carried).toEqual([]);
  expect(agent.order(stop, { token: 7, incarnation: 1 }).carried).toEqual([]);
  expect(agent.order(stop, { token: 7 })).toEqual({
    carried: [stop],
    sent: [{ type: "applied", command: "c", testTimeMs: null }],
  });
});

test("a share of an older epoch is refused; the latest answer is given again", () => {
  const agent = play();
  agent.begin();
  const grant = (epoch: number): Order => ({ type: "grant", epoch, share });
  expect(agent.order(grant(5))).toEqual({ carried: [grant(5)], sent: [{ type: "granted", epoch: 5 }] });
  expect(agent.order(grant(4))).toEqual({ carried: [], sent: [] });
  expect(agent.order(grant(5))).toEqual({ carried: [], sent: [{ type: "granted", epoch: 5 }] });
  const release: Order = { type: "release", epoch: 6, share };
  expect(agent.order(release).carried).toEqual([release]);
  expect(agent.order(release)).toEqual({ carried: [], sent: [] });
  const freed = { type: "released", epoch: 6, unstarted: [[]], begun: [[]] } as const;
  expect(agent.fact(freed).sent).toEqual([{ ...freed, serials: [0] }]);
  expect(agent.order(release)).toEqual({ carried: [], sent: [{ ...freed, serials: [0] }] });
  expect(agent.fact({ ...freed, epoch: 5 }).sent).toEqual([]);
});

test("a share that comes before the start is not taken, so that it is said again", () => {
  const agent = play();
  agent.order(prepare);
  expect(agent.order({ type: "grant", epoch: 5, share })).toEqual({ carried: [], sent: [] });
  expect(agent.state.epoch).toBe(0);
});

test("what a superseded release freed is in the answer to the next one, whenever it comes", () => {
  const agent = play();
  agent.begin();
  const release = (epoch: number): Order => ({ type: "release", epoch, share });
  agent.order(release(2));
  agent.order(release(3));
  expect(agent.fact({ type: "released", epoch: 2, unstarted: [[[5, 9]]], begun: [[[1, 8]]] }).sent).toEqual([]);
  const freed = { unstarted: [[[5, 9]]], begun: [[[1, 8]]] };
  expect(agent.fact({ type: "released", epoch: 3, unstarted: [[]], begun: [[]] }).sent).toEqual([
    { type: "released", epoch: 3, serials: [0], ...freed },
  ]);
  agent.order(release(4));
  expect(agent.fact({ type: "released", epoch: 4, unstarted: [[]], begun: [[]] }).sent).toMatchObject([freed]);
  agent.order({ type: "grant", epoch: 5, share });
  agent.order(release(6));
  expect(agent.fact({ type: "released", epoch: 6, unstarted: [[]], begun: [[]] }).sent).toMatchObject([
    { unstarted: [[]], begun: [[]] },
  ]);
});

test("a grant that meets the end of the run is answered and starts nothing", () => {
  const agent = play();
  agent.begin();
  agent.tell({ type: "done", testTimeMs: 7_000 });
  expect(agent.order({ type: "grant", epoch: 5, share })).toEqual({
    carried: [],
    sent: [{ type: "granted", epoch: 5 }],
  });
});

test("allotments are applied in their order and once, and not after a release that has given them back", () => {
  const agent = play();
  agent.begin();
  const allot = (serial: number, epoch = 0): Order => ({
    type: "allot",
    epoch,
    scenario: "a",
    serial,
    ranges: [[0, 5]],
    last: false,
  });
  expect(agent.order(allot(2)).carried).toEqual([]);
  expect(agent.order(allot(1)).carried).toEqual([allot(1)]);
  expect(agent.order(allot(1)).carried).toEqual([]);
  expect(agent.order(allot(2)).carried).toEqual([allot(2)]);
  agent.order({ type: "release", epoch: 3, share });
  expect(agent.order(allot(3, 2)).carried).toEqual([]);
  const { sent } = agent.fact({ type: "released", epoch: 3, unstarted: [[]], begun: [[]] });
  expect(sent).toMatchObject([{ serials: [2] }]);
});

test("a lease counts from when the answered heartbeat was sent", () => {
  const agent = play();
  const { sequence } = agent.beat();
  agent.turn(2_000);
  expect(agent.order({ type: "renew", sequence, ownerWallMs: 1_001_000 }).carried).toEqual([{ type: "go_on" }]);
  expect(agent.state.lease.deadline).toBe(4_500);
  agent.turn(2_499);
  expect(agent.tell({ type: "beat" }).carried).toEqual([]);
  agent.turn(1);
  const { sent, carried } = agent.tell({ type: "beat" });
  expect(carried).toEqual([{ type: "suspend" }]);
  expect(sent).toMatchObject([{ type: "heartbeat", suspended: true }]);
});

test("before the first answer nothing is said to be suspended", () => {
  expect(play().beat()).toEqual({ type: "heartbeat", sequence: 1, lastFrame: null, suspended: false, seen: [0, 0] });
});

test("instants are carried out, and told, by the right clocks: this slave is 3 s behind its owner", () => {
  const agent = play();
  expect(agent.begin().carried).toMatchObject([{ type: "start", inMs: 10_000 }]);
  expect(agent.fact({ type: "started", atWallMs: 1_007_000 }).sent).toEqual([{ type: "started", atWallMs: 1_010_000 }]);
  const resume: Order = { type: "resume", command: "r", serial: 1, atWallMs: 1_020_000, testTimeMs: 100 };
  expect(agent.order(resume).carried).toEqual([{ ...resume, atWallMs: 1_017_000 }]);
});

test("a command is taken once; its repetition is answered when it has acted, a superseded one never", () => {
  const agent = play();
  agent.begin();
  const pause: Order = { type: "pause", command: "p", serial: 3, atMs: 500 };
  expect(agent.order(pause).carried).toEqual([pause]);
  expect(agent.order(pause)).toEqual({ carried: [], sent: [] });
  const applied = { type: "applied", command: "p", testTimeMs: 510 } as const;
  expect(agent.fact(applied).sent).toEqual([applied]);
  expect(agent.order(pause)).toEqual({ carried: [], sent: [applied] });
  expect(
    agent.order({ type: "scale", command: "old", serial: 2, scenario: "a", target: 9, overMs: 0, atMs: 0 }),
  ).toEqual({
    carried: [],
    sent: [],
  });
});

test("an expelled agent takes no more orders but for acknowledgements, and its lease is over", () => {
  const agent = play();
  agent.begin();
  agent.tell({ type: "frame", frame: { number: 1 } as Frame });
  expect(agent.order({ type: "expel" }).carried).toEqual([{ type: "expel" }]);
  expect(agent.order({ type: "expel" }).carried).toEqual([]);
  agent.order({ type: "renew", sequence: agent.beat().sequence, ownerWallMs: 0 });
  expect(agent.state.lease.deadline).toBe(Number.NEGATIVE_INFINITY);
  expect(agent.order({ type: "grant", epoch: 9, share })).toEqual({ carried: [], sent: [] });
  expect(agent.tell({ type: "connected" }).sent).toContainEqual({ type: "frame", frame: { number: 1 } });
  agent.order({ type: "ack", through: 1 });
  expect(agent.state.core.frames.sent).toEqual([]);
});

test("a load that ends after the lease says so at each heartbeat; one that ended before it does not", () => {
  const cut = play();
  cut.begin();
  cut.turn(5_000);
  expect(cut.beat()).toMatchObject({ lastFrame: null, suspended: true });
  cut.tell({ type: "done", testTimeMs: 7_000 });
  const heard = cut.beat();
  expect(heard).toMatchObject({ lastFrame: 0, suspended: true });
  cut.order({ type: "renew", sequence: heard.sequence, ownerWallMs: 1_000_000 });
  expect(cut.beat()).toMatchObject({ lastFrame: 0, suspended: true });

  const whole = play();
  whole.begin();
  whole.tell({ type: "done", testTimeMs: 7_000 });
  whole.turn(5_000);
  expect(whole.beat()).toMatchObject({ lastFrame: 0, suspended: false });
});

test("an owner that asks for what follows a frame has that frame: what waited behind it goes out", () => {
  const agent = play();
  agent.begin();
  const numbersOf = ({ sent }: { readonly sent: readonly Fact[] }) =>
    sent.flatMap((fact) => (fact.type === "frame" ? [fact.frame.number] : []));
  for (let at = 0; at < 62; at++) agent.tell({ type: "frame", frame: createFrame(0) });
  agent.tell({ type: "done", testTimeMs: 7_000 });
  expect(agent.beat()).toMatchObject({ lastFrame: 62 });
  expect(numbersOf(agent.order({ type: "resend", after: 59 }))).toEqual([60, 61, 62]);
});

test("a slave says when its load ended: when it had nothing to do any more, though it waited for more", () => {
  const agent = play();
  agent.begin();
  agent.tell({ type: "fact", fact: { type: "idle", testTimeMs: 3_000 } });
  agent.tell({ type: "fact", fact: { type: "idle", testTimeMs: 4_000 } });
  const { sent } = agent.tell({ type: "done", testTimeMs: 7_000 });
  expect(sent).toContainEqual({ type: "done", lastFrame: 0, testTimeMs: 3_000 });
  expect(agent.beat()).toMatchObject({ lastFrame: 0, testTimeMs: 3_000 });

  const busy = play();
  busy.begin();
  busy.tell({ type: "fact", fact: { type: "idle", testTimeMs: 3_000 } });
  busy.order({ type: "grant", epoch: 9, share });
  busy.tell({ type: "done", testTimeMs: 7_000 });
  expect(busy.beat()).toMatchObject({ lastFrame: 0, testTimeMs: 7_000 });
});
