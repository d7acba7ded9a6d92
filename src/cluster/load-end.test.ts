import { expect, test } from "vitest";
import { applied, pause, playFleet, stop } from "../../test/support/played-fleet.ts";
import type { Load } from "../protocol/load.ts";

const sixSeconds: Load = { mode: "constant-vus", vus: 8, durationMs: 6_000, rampUpMs: 0 };
const done = (testTimeMs: number) => ({ type: "done", lastFrame: 0, testTimeMs }) as const;
/** A heartbeat of one whose load has ended. */
const ended = (sequence: number, testTimeMs: number) =>
  ({ type: "heartbeat", sequence, lastFrame: 0, testTimeMs, suspended: false, seen: [0, 0] }) as const;

test("a load ends when its slaves' did, not when an owner that was away hears of it", () => {
  const fleet = playFleet({ load: sixSeconds });
  fleet.begin();
  fleet.turn(3_000);
  fleet.beat("s0");
  fleet.beat("s1");
  fleet.restart(11_000);
  fleet.fact("s0", ended(101, 6_001));
  fleet.fact("s1", ended(102, 6_003));
  expect(fleet.fleet.core.phase).toBe("closing");
  expect(fleet.loadTimes()).toEqual({ lasted: 6_003, paused: 0 });
  expect(fleet.testTime()).toBe(6_003);
  // Also to the owner after it.
  fleet.restart(1_000);
  expect(fleet.testTime()).toBe(6_003);
});

test("no slave's word makes a load longer than it can have been, and what still runs ends now", () => {
  const fleet = playFleet({ load: sixSeconds });
  fleet.begin();
  fleet.turn(2_000);
  fleet.fact("s0", done(9_000));
  fleet.tell({ type: "fail", cause: { reason: "internal", message: "it broke", code: null } });
  expect(fleet.loadTimes()).toEqual({ lasted: 2_000, paused: 0 });

  const stopped = playFleet({ load: sixSeconds });
  stopped.begin();
  stopped.turn(2_000);
  stopped.tell(stop(5_000));
  stopped.fact("s0", done(9_000));
  stopped.turn(500);
  stopped.fact("s1", done(2_400));
  expect(stopped.loadTimes()).toEqual({ lasted: 2_500, paused: 0 });
});

test("of a stop during a pause the time that it stood is in the duration", () => {
  const fleet = playFleet({ load: sixSeconds });
  fleet.begin();
  fleet.turn(1_000);
  fleet.tell(pause);
  for (const id of ["s0", "s1"]) fleet.fact(id, applied("p", 1_300));
  fleet.turn(3_000);
  fleet.tell(stop(0));
  for (const id of ["s0", "s1"]) fleet.fact(id, done(1_300));
  expect(fleet.loadTimes()).toEqual({ lasted: 4_000, paused: 2_700 });
  expect(fleet.testTime()).toBe(1_300);
});

test("the share of a lost slave ended when it was heard of last, not when its lease had run out", () => {
  const fleet = playFleet({ load: sixSeconds });
  fleet.begin();
  fleet.turn(3_000);
  fleet.beat("s0");
  fleet.turn(2_000);
  fleet.beat("s1");
  fleet.turn(1_002);
  fleet.fact("s0", done(6_001));
  fleet.turn(4_000);
  fleet.tick();
  expect(fleet.events()).toContain("slave_lost s1");
  expect(fleet.loadTimes()).toEqual({ lasted: 6_001, paused: 0 });

  const alone = playFleet({ slaves: 1 });
  alone.begin();
  alone.turn(3_000);
  alone.beat("s0");
  alone.turn(10_000);
  expect(alone.tick()).toEqual(["s0 expel", "final"]);
  expect(alone.fleet.core.cause?.reason).toBe("slaves_lost");
  expect(alone.loadTimes()).toEqual({ lasted: 3_500, paused: 0 });
});

test("a slave that gives its VUs up after the plan's end leaves nothing undone", () => {
  const fleet = playFleet({ load: sixSeconds, room: 4 });
  fleet.begin();
  fleet.turn(3_000);
  fleet.restart(4_000);
  for (const id of ["s0", "s1"]) fleet.beat(id);
  fleet.tell({ type: "drain", slaveId: "s1" });
  const { epoch } = fleet.latest("s1", "release");
  fleet.fact("s1", { type: "released", epoch, serials: [0], unstarted: [[]], begun: [[]] });
  fleet.fact("s1", done(6_002));
  fleet.fact("s0", done(6_002));
  expect(fleet.events()).not.toContain("capacity_short");
  expect(fleet.fleet.degraded).toBe(false);
  expect(fleet.loadTimes()).toEqual({ lasted: 6_002, paused: 0 });
});

test("a load that stood still to the end of its plan, for a master that was away, has failed", () => {
  const fleet = playFleet({ load: sixSeconds });
  fleet.begin();
  fleet.turn(1_000);
  for (const id of ["s0", "s1"]) fleet.beat(id);
  fleet.restart(20_000);
  const cut = (sequence: number) => ({ ...ended(sequence, 6_001), suspended: true });
  fleet.fact("s0", cut(101));
  fleet.fact("s1", cut(102));
  expect(fleet.fleet.core.phase).toBe("closing");
  expect(fleet.fleet.core.cause?.reason).toBe("slaves_lost");
  expect(fleet.loadTimes()).toEqual({ lasted: 6_001, paused: 0 });

  // Where one ran to the end it is told, whoever says it first.
  const half = playFleet({ load: sixSeconds });
  half.begin();
  half.turn(1_000);
  for (const id of ["s0", "s1"]) half.beat(id);
  half.restart(20_000);
  half.fact("s0", ended(101, 6_001));
  half.fact("s1", cut(102));
  expect(half.fleet.core.phase).toBe("closing");
  expect(half.fleet.core.cause).toBeNull();
  expect(half.events()).toContain("suspended s1");
});
