import { expect, test } from "vitest";
import { applied, playFleet, scale, stop } from "../../test/support/played-fleet.ts";
import { packHalted } from "../plan/halted-vus.ts";
import type { Frame } from "../protocol/frame.ts";
import type { Load } from "../protocol/load.ts";
import type { VuIteration } from "../protocol/plan.ts";
import { countUndone } from "./loss-account.ts";

/** Of two slaves s0 has the VUs 1 and 3, s1 has 2 and 4. */
const load: Load = { mode: "per-vu-iterations", vus: 4, iterations: 10, maxDurationMs: 60_000 };

/** Whatever the clock shows: the load has ended before. */
const atEnd = Number.POSITIVE_INFINITY;

type Played = ReturnType<typeof playFleet>;

/** The only frame of a slave: so many iterations, and where its VUs stand. */
function report(fleet: Played, slaveId: string, iterations: number, halted: readonly VuIteration[]): void {
  const key = { metric: "iterations", type: "counter", tags: { scenario: "default" } } as const;
  const frame: Frame = {
    number: 1,
    second: 50,
    testTimeMs: 50_000,
    warmUp: false,
    series: [{ key, type: "counter", sum: iterations }],
    errors: [],
    vus: [],
    halted: packHalted("default", halted),
    overflow: {},
    generator: { cpu: 0, eventLoopLagMs: 0, memory: 0 },
  };
  fleet.tell({ type: "stored", slaveId, incarnation: 1, frame, outcome: "appended", high: 1 });
}

function finish(fleet: Played, ...ids: readonly string[]): string[] {
  for (const id of ids) fleet.fact(id, { type: "done", lastFrame: 1 });
  return ids.flatMap((id) => fleet.fact(id, { type: "closed", lastFrame: 1 }));
}

function release(fleet: Played, slaveId: string, begun: readonly VuIteration[]): string[] {
  const { epoch } = fleet.latest(slaveId, "release");
  return fleet.fact(slaveId, { type: "released", epoch, serials: [0], unstarted: [[]], begun: [begun] });
}

test("of VUs that a slave was granted after its run had ended the owner counts the rest", () => {
  const fleet = playFleet({ load });
  fleet.begin();
  fleet.tell(scale(4));
  for (const id of ["s0", "s1"]) fleet.fact(id, applied("s", 300));
  fleet.tell({ type: "drain", slaveId: "s1" });
  expect(
    release(fleet, "s1", [
      [2, 3],
      [4, 3],
    ]),
  ).toEqual(["s0 grant"]);
  fleet.fact("s0", { type: "granted", epoch: fleet.latest("s0", "grant").epoch });
  report(fleet, "s0", 4, [
    [1, 2],
    [3, 2],
  ]);
  report(fleet, "s1", 6, []);
  expect(finish(fleet, "s0", "s1")).toEqual(["final"]);
  expect([countUndone(fleet.fleet, atEnd), fleet.fleet.lost.iterations]).toEqual([[30], 0]);
});

test("of VUs that were given up without an answer that arrived the owner counts the rest once", () => {
  const fleet = playFleet({ load });
  fleet.begin();
  fleet.tell(scale(4));
  for (const id of ["s0", "s1"]) fleet.fact(id, applied("s", 300));
  expect(fleet.tell({ type: "drain", slaveId: "s1" })).toEqual(["s1 release"]);
  report(fleet, "s0", 20, [
    [1, 10],
    [3, 10],
  ]);
  report(fleet, "s1", 6, [
    [2, 4],
    [4, 2],
  ]);
  expect(finish(fleet, "s0", "s1")).toEqual(["final"]);
  expect(countUndone(fleet.fleet, atEnd)).toEqual([14]);
});

test.each<[string, number, number]>([
  // What the VUs 3 and 4 did not begin is cancelled.
  ["fewer", 2, 2 * 10 - 7],
  ["more", 6, 6 * 10 - 13],
])("a slave that has ended before it heard of %s VUs is counted as if it had", (_, target, dropped) => {
  const fleet = playFleet({ load });
  fleet.begin();
  fleet.tell(scale(target));
  report(fleet, "s0", 7, [
    [1, 4],
    [3, 3],
  ]);
  report(fleet, "s1", 6, [
    [2, 3],
    [4, 3],
  ]);
  expect(finish(fleet, "s0", "s1")).toEqual(["final"]);
  expect(countUndone(fleet.fleet, atEnd)).toEqual([dropped]);
});

test("a slave that is lost once it has told all: others go on where its VUs stand, and nothing of it is lost", () => {
  const fleet = playFleet({ load, room: 2 });
  fleet.begin();
  fleet.fact("s1", { type: "claim", scenario: "default", serial: 1, through: [[2, 8]] });
  report(fleet, "s1", 6, [
    [2, 4],
    [4, 2],
  ]);
  fleet.fact("s1", { type: "done", lastFrame: 1 });
  fleet.turn(4_000);
  fleet.beat("s0");
  fleet.turn(1_000);
  fleet.tick();
  expect(fleet.events()).toEqual(["started", "capacity_short"]);
  fleet.join("late");
  fleet.tick();
  expect(fleet.latest("late", "grant").share.scenarios[0]?.begun).toEqual([
    [2, 4],
    [4, 2],
  ]);
  expect(fleet.fleet.lost.iterations).toBe(0);
});

test("what nobody took of a slave that is lost once it has told all was not begun: it is dropped", () => {
  const fleet = playFleet({ load, room: 2 });
  fleet.begin();
  report(fleet, "s1", 6, [
    [2, 4],
    [4, 2],
  ]);
  fleet.fact("s1", { type: "done", lastFrame: 1 });
  fleet.turn(4_000);
  fleet.beat("s0");
  fleet.turn(1_000);
  fleet.tick();
  report(fleet, "s0", 20, [
    [1, 10],
    [3, 10],
  ]);
  expect(fleet.fact("s0", { type: "idle", epoch: fleet.fleet.epoch, serial: 0 })).toEqual(["s0 stop"]);
  expect(finish(fleet, "s0")).toEqual(["final"]);
  expect([countUndone(fleet.fleet, atEnd), fleet.fleet.lost.iterations]).toEqual([[14], 0]);
});

test("a load that is stopped counts the VUs that it asked for then", () => {
  const fleet = playFleet({ load });
  fleet.begin();
  fleet.tell({ type: "scale", command: "s", scenario: "default", target: 8, overMs: 40_000 });
  for (let second = 0; second < 10; second++) {
    fleet.turn(1_000);
    for (const id of ["s0", "s1"]) fleet.beat(id);
  }
  fleet.turn(350);
  fleet.tell(stop(0));
  report(fleet, "s0", 7, [
    [1, 4],
    [3, 3],
  ]);
  report(fleet, "s1", 6, [
    [2, 3],
    [4, 3],
  ]);
  expect(finish(fleet, "s0", "s1")).toEqual(["final"]);
  expect(countUndone(fleet.fleet, atEnd)).toEqual([5 * 10 - 13]);
});
