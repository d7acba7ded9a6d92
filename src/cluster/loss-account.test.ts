import { expect, test } from "vitest";
import { applied, pause, playFleet } from "../../test/support/played-fleet.ts";
import { createFrame } from "../../test/support/stores.ts";
import { packHalted } from "../plan/halted-vus.ts";
import type { Load } from "../protocol/load.ts";
import { countUndone } from "./loss-account.ts";

const arrivals: Load = {
  mode: "constant-arrival-rate",
  rate: 10,
  timeUnitMs: 1_000,
  durationMs: 60_000,
  preAllocatedVus: 8,
  maxVus: 8,
};

test("of a slave that missed a pause, ended on its own clock and died with its frames all its events are lost", () => {
  const fleet = playFleet({ slaves: 1, load: arrivals });
  fleet.begin();
  fleet.tell(pause);
  for (let second = 0; second < 61; second++) {
    fleet.turn(1_000);
    fleet.beat("s0");
  }
  fleet.fact("s0", { type: "done", lastFrame: 2 });
  expect(fleet.testTime()).toBe(300);
  fleet.turn(5_000);
  expect(fleet.tick()).toEqual(["s0 expel", "final"]);
  expect(fleet.fleet.lost.iterations).toBe(600);
});

test("what VUs without room had left to do is lost with their slave, not dropped", () => {
  const load: Load = { mode: "per-vu-iterations", vus: 8, iterations: 10, maxDurationMs: 60_000 };
  const fleet = playFleet({ load, room: 4 });
  fleet.begin();
  fleet.turn(4_000);
  fleet.beat("s0");
  fleet.turn(1_000);
  fleet.tick();
  // One iteration of each VU was claimed for its slave: it may have begun. The rest may still find somebody.
  expect(fleet.events()).toEqual(["started", "slave_lost s1", "capacity_short"]);
  expect(fleet.fleet.lost.iterations).toBe(4);
  const series = [
    { key: { metric: "iterations", type: "counter", tags: { scenario: "default" } }, type: "counter", sum: 39 },
  ] as const;
  const generator = { cpu: 0, eventLoopLagMs: 0, memory: 0 };
  const frame = {
    number: 1,
    second: 50,
    testTimeMs: 50_000,
    warmUp: false,
    series,
    errors: [],
    vus: [],
    halted: packHalted("default", [
      [1, 10],
      [3, 10],
      [5, 10],
      [7, 9],
    ]),
    overflow: {},
    generator,
  };
  fleet.tell({ type: "stored", slaveId: "s0", incarnation: 1, frame, outcome: "appended", high: 1 });
  expect(fleet.fact("s0", { type: "idle", epoch: fleet.fleet.epoch, serial: 0 })).toEqual(["s0 stop"]);
  fleet.fact("s0", { type: "done", lastFrame: 1 });
  expect(fleet.fact("s0", { type: "closed", lastFrame: 1 })).toEqual(["final"]);
  expect(fleet.fleet.lost.iterations).toBe(40);
  expect(countUndone(fleet.fleet, 0)).toEqual([1]);
});

test("of a looping load a lost slave's rest is guessed, until its last frame is in: then nothing of it is lost", () => {
  const fleet = playFleet();
  fleet.begin();
  const iterations = { metric: "iterations", type: "counter", tags: { scenario: "default" } } as const;
  const store = (number: number, sum: number) => {
    const frame = {
      ...createFrame(number),
      testTimeMs: number * 1_000,
      series: [{ key: iterations, type: "counter", sum } as const],
    };
    fleet.tell({ type: "stored", slaveId: "s1", incarnation: 1, frame, outcome: "appended", high: number });
  };
  fleet.turn(2_000);
  for (const id of ["s0", "s1"]) fleet.beat(id);
  store(1, 20);
  for (let second = 0; second < 5; second++) {
    fleet.turn(1_000);
    fleet.beat("s0");
    fleet.tick();
  }
  expect(fleet.events()).toContain("slave_lost s1");
  expect(fleet.fleet.lost).toEqual({ iterations: 30, interval_ms: 1_500, estimated: true });
  // It has gone on: its lease ended later. Its rest comes in two frames, the second after it was heard which is the last.
  store(2, 15);
  // (20 + 15) / 2 a second, for half a second.
  expect(fleet.fleet.lost).toEqual({ iterations: 9, interval_ms: 500, estimated: true });
  fleet.fact("s1", { type: "heartbeat", sequence: 1_000, lastFrame: 3, suspended: true, seen: [0, 0] });
  store(3, 4);
  expect(fleet.fleet.lost).toEqual({ iterations: 0, interval_ms: 0, estimated: false });
});

test("a scenario's own pause is no lost time", () => {
  const fleet = playFleet();
  fleet.begin();
  fleet.turn(1_000);
  fleet.tell({ ...pause, scenario: "default" });
  for (const id of ["s0", "s1"]) fleet.fact(id, applied("p", 1_300));
  for (let second = 0; second < 16; second++) {
    fleet.turn(1_000);
    fleet.beat("s0");
    if (second < 10) fleet.beat("s1");
    fleet.tick();
  }
  expect(fleet.events()).toEqual(["started", "paused", "slave_lost s1", "moved s0"]);
  expect(fleet.fleet.lost).toEqual({ iterations: 0, interval_ms: 1_300, estimated: true });
});
