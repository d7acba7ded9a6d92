import { expect, test } from "vitest";
import { playFleet } from "../../test/support/played-fleet.ts";
import { completeStep } from "../../test/support/workflow-fixtures.ts";
import type { Load } from "../protocol/load.ts";

const done = (testTimeMs: number) => ({ type: "done", lastFrame: 0, testTimeMs }) as const;
type Played = ReturnType<typeof playFleet>;

/** SIGTERM: it gives up what it holds, ends, and is heard of no more. */
function leave(fleet: Played, slaveId: string, incarnation = 1): void {
  fleet.tell({ type: "drain", slaveId });
  const { epoch } = fleet.latest(slaveId, "release");
  fleet.fact(slaveId, { type: "released", epoch, serials: [0], unstarted: [[]], begun: [[]] }, incarnation);
  fleet.fact(slaveId, done(fleet.testTime()), incarnation);
}

test("an execution whose last slave leaves in the middle waits for another for H, and fails", () => {
  const fleet = playFleet({ slaves: 1 });
  fleet.begin();
  fleet.turn(3_000);
  fleet.beat("s0");
  leave(fleet, "s0");
  expect(fleet.fleet.core.phase).toBe("running");
  expect(fleet.fleet.wanting).toBe(true);
  fleet.turn(4_900);
  fleet.tick();
  expect(fleet.fleet.core.phase).toBe("running");
  fleet.turn(1_200);
  expect(fleet.tick()).toContain("final");
  expect(fleet.fleet.core.cause).toMatchObject({ reason: "slaves_lost", message: "no slave is left" });
  expect(fleet.loadTimes()).toEqual({ lasted: 3_000, paused: 0 });
});

test("teardown after such a wait has the time it needs", () => {
  const step = completeStep({ id: "s", type: "noop" });
  const fleet = playFleet({ slaves: 1, workflow: { setup: [step], teardown: [step] } });
  fleet.tell({ type: "begin" });
  fleet.beat("s0");
  fleet.fact("s0", { type: "prepared" });
  fleet.fact("s0", { type: "setup_done", shared: {} });
  fleet.turn(500);
  fleet.fact("s0", { type: "started", atWallMs: 1_000_500 });
  fleet.turn(2_000);
  fleet.beat("s0");
  // Drained by a call: it has ended, and stays.
  leave(fleet, "s0");
  for (let second = 0; second < 6; second++) {
    fleet.turn(1_000);
    fleet.beat("s0");
  }
  fleet.tick();
  expect(fleet.fleet.core.phase).toBe("teardown");
  for (let second = 0; second < 6; second++) {
    fleet.turn(1_000);
    fleet.beat("s0");
    fleet.tick();
  }
  expect(fleet.fleet.core.phase).toBe("teardown");
  expect(fleet.fact("s0", { type: "teardown_done" })).toEqual(["s0 close"]);
  expect(fleet.events()).not.toContain("teardown_not_run");
  expect(fleet.fleet.core.cause?.reason).toBe("slaves_lost");
});

test("it fails at the plan's end where that comes first", () => {
  const load: Load = { mode: "constant-vus", vus: 8, durationMs: 5_000, rampUpMs: 0 };
  const fleet = playFleet({ slaves: 1, load });
  fleet.begin();
  fleet.turn(3_000);
  fleet.beat("s0");
  leave(fleet, "s0");
  fleet.turn(3_100);
  fleet.beat("s0");
  fleet.tick();
  expect(fleet.fleet.core.cause?.reason).toBe("slaves_lost");
  expect(fleet.loadTimes()).toEqual({ lasted: 3_000, paused: 0 });
});

test("a rolling restart goes on: who left nothing behind comes back before its old lease ends", () => {
  const fleet = playFleet();
  fleet.begin();
  fleet.turn(1_000);
  for (const id of ["s0", "s1"]) fleet.beat(id);
  leave(fleet, "s0");
  expect(fleet.held()["s1"]).toEqual([{ from: 1, to: 8, step: 1 }]);
  fleet.fact("s1", { type: "granted", epoch: fleet.latest("s1", "grant").epoch });
  // Nobody wants it yet.
  expect(fleet.tell({ type: "offer", slaveId: "s0", incarnation: 2 })).toEqual([]);
  fleet.turn(1_000);
  fleet.beat("s1");
  leave(fleet, "s1");
  fleet.join("s0", 2);
  expect(fleet.beat("s0", false, 2)).toContain("s0 grant");
  expect(fleet.held()).toEqual({ s1: [], s0: [{ from: 1, to: 8, step: 1 }] });
  fleet.turn(2_500);
  fleet.beat("s0", false, 2);
  fleet.turn(4_000);
  fleet.beat("s0", false, 2);
  fleet.tick();
  expect(fleet.fleet.core.phase).toBe("running");
  expect(fleet.events().filter((event) => event.startsWith("slave_lost"))).toEqual([]);
});

test("VUs that nobody had room for are no reason to wait once their time is over, by whichever clock", () => {
  const load: Load = { mode: "constant-vus", vus: 8, durationMs: 6_000, rampUpMs: 0 };
  const fleet = playFleet({ load, room: 4 });
  fleet.begin();
  fleet.turn(4_000);
  fleet.beat("s0");
  fleet.turn(1_990);
  fleet.tick();
  expect(fleet.events()).toContain("capacity_short");
  // Its clock is a little ahead of the owner's.
  fleet.fact("s0", done(6_001));
  fleet.turn(100);
  fleet.tick();
  expect(fleet.fleet.core.phase).toBe("closing");
  expect(fleet.fleet.core.cause).toBeNull();
});

test("the last slave of a load of iterations is not told that nothing is left when it gives its VUs up", () => {
  const load: Load = { mode: "per-vu-iterations", vus: 4, iterations: 50, maxDurationMs: 60_000 };
  const fleet = playFleet({ slaves: 1, load });
  fleet.begin();
  fleet.tell({ type: "drain", slaveId: "s0" });
  const { epoch } = fleet.latest("s0", "release");
  const begun = [1, 2, 3, 4].map((vu) => [vu, 5] as const);
  fleet.fact("s0", { type: "released", epoch, serials: [0], unstarted: [[]], begun: [begun] });
  expect(fleet.fact("s0", { type: "idle", epoch, serial: 0 })).toEqual([]);
  fleet.fact("s0", done(fleet.testTime()));
  expect(fleet.fleet.core.phase).toBe("running");
  fleet.join("s0", 2);
  fleet.beat("s0", false, 2);
  expect(fleet.latest("s0", "grant").share.scenarios[0]?.begun).toEqual(begun);
});
