import { expect, test } from "vitest";
import { createFrame } from "../../test/support/stores.ts";
import { playFleet } from "../../test/support/played-fleet.ts";
import type { Frame } from "../protocol/frame.ts";
import type { Load } from "../protocol/load.ts";
import type { SeenRecord } from "../protocol/message.ts";

const load: Load = {
  mode: "constant-arrival-rate",
  rate: 10,
  timeUnitMs: 1_000,
  durationMs: 60_000,
  preAllocatedVus: 8,
  maxVus: 8,
};

function beginFleet() {
  const fleet = playFleet({ load });
  fleet.begin();
  let sequence = 1_000;
  const hear = (slaveId: string, seen: SeenRecord, lastFrame: number | null = null) =>
    fleet.fact(slaveId, { type: "heartbeat", sequence: ++sequence, lastFrame, suspended: false, seen });
  const store = (slaveId: string, frame: Frame) =>
    fleet.tell({ type: "stored", slaveId, incarnation: 1, frame, outcome: "appended", high: frame.number });
  return { fleet, hear, store };
}

const tags = { scenario: "default" };

/** A second with so many iterations. */
function createSecond(number: number, iterations: number): Frame {
  const key = { metric: "iterations", type: "counter", tags } as const;
  const series = [{ key, type: "counter", sum: iterations }] as const;
  return { ...createFrame(number), testTimeMs: number * 1_000, series };
}

test("an owner whose record is older than what a slave was told ends, and tells nobody to go on", () => {
  const { fleet, hear } = beginFleet();
  const older = fleet.record;
  fleet.tell({ type: "drain", slaveId: "s1" });
  expect(fleet.latest("s1", "release").epoch).toBe(2);
  const { version } = fleet.fleet;
  fleet.restart(500, older);
  // The other one knows nothing that this owner does not.
  expect(hear("s0", [1, version - 1])).toEqual([]);
  expect(hear("s1", [1, version])).toEqual(["s0 close", "s1 close", "s0 expel", "s1 expel", "s1 expel", "final"]);
  expect(fleet.fleet.core.cause).toMatchObject({
    reason: "slaves_lost",
    message: "the master's store is older than what its slaves were told: who holds what is not known any more",
  });
  expect(fleet.fleet.degraded).toBe(true);
  expect(fleet.events().slice(-3)).toEqual(["stopped", "slave_lost s0", "slave_lost s1"]);
});

test("an owner that took up the latest record goes on, also with one who last heard of the owner before the last", () => {
  const { fleet, hear } = beginFleet();
  const { version } = fleet.fleet;
  fleet.restart(500);
  expect(hear("s0", [1, version])).toEqual([]);
  fleet.restart(500);
  expect(hear("s1", [1, version])).toEqual([]);
  expect(hear("s0", [1, version - 1])).toEqual([]);
  expect(fleet.fleet.core.phase).toBe("running");
  // Nobody ever wrote under this token, or wrote so far.
  expect(hear("s0", [7, 1])).toContain("final");
});

test("one that joined after the copy was taken is heard, a stranger that makes up a record is not", () => {
  const { fleet, hear } = beginFleet();
  const { version } = fleet.fleet;
  fleet.restart(500);
  expect(hear("stranger", [77, 1])).toEqual([]);
  expect(hear("stranger", [1, version])).toEqual([]);
  expect(fleet.fleet.core.phase).toBe("running");
  expect(hear("joined", [1, version + 1])).toContain("final");
});

test("of one that has not said what it knows an owner after a restart asks nothing, until it has", () => {
  const { fleet, hear } = beginFleet();
  const { version } = fleet.fleet;
  fleet.restart(500);
  expect(fleet.tell({ type: "drain", slaveId: "s1" })).toEqual([]);
  expect(hear("s1", [1, version])).toEqual(["s1 release"]);
});

test("frames that went with an older store are lost to the iteration, and the load goes on", () => {
  const { fleet, hear, store } = beginFleet();
  const { version } = fleet.fleet;
  fleet.restart(500);
  hear("s0", [1, version]);
  hear("s1", [1, version]);
  store("s0", createSecond(1, 5));
  store("s0", createSecond(2, 5));
  const told = { default: 150 };
  const standIn = { ...createSecond(30, 0), series: [], gap: { after: 2, told } };
  store("s0", standIn);
  fleet.tick();
  expect(fleet.fleet.lost).toEqual({ iterations: 140, interval_ms: 28_000, estimated: false });
  expect([fleet.fleet.degraded, fleet.events().at(-1)]).toEqual([true, "frames_lost s0"]);
  expect(fleet.fleet.core.events.at(-1)?.message).toBe(
    "frames 3 to 30 of s0 are gone with the store that they were in",
  );
  // What is fed again, as a new owner is, changes nothing.
  store("s0", standIn);
  store("s0", createSecond(31, 5));
  for (let number = 1; number <= 31; number++) store("s1", createSecond(number, 5));
  for (let second = 0; second < 60; second += 3) {
    fleet.turn(3_000);
    for (const id of ["s0", "s1"]) hear(id, [1, version]);
  }
  for (const id of ["s0", "s1"]) fleet.fact(id, { type: "done", lastFrame: 31 });
  for (const id of ["s0", "s1"]) fleet.fact(id, { type: "closed", lastFrame: 31 });
  expect(fleet.fleet.final).toBe(true);
  // Planned 600: 170 are told, 140 lost, nobody began the rest.
  expect(fleet.fleet.lost.iterations).toBe(140);
  const dropped = fleet.fleet.core.snapshot.metrics.get("dropped_iterations")?.total;
  expect(dropped).toMatchObject({ type: "counter", sum: 290 });
});

test("what is missing is asked for once until it may have been lost on the way", () => {
  const { fleet } = beginFleet();
  const skip = (number: number) =>
    fleet.tell({
      type: "stored",
      slaveId: "s0",
      incarnation: 1,
      frame: createSecond(number, 1),
      outcome: "gap",
      high: 2,
    });
  expect([skip(9), skip(10)]).toEqual([["s0 resend"], []]);
  fleet.turn(fleet.fleet.times.renewMs);
  expect(skip(11)).toEqual(["s0 resend"]);
});
