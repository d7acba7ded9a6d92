import { expect, test } from "vitest";
import { applied, pause, playFleet, resume, scale } from "../../test/support/played-fleet.ts";

const halves = { s0: [{ from: 1, to: 15, step: 2 }], s1: [{ from: 2, to: 16, step: 2 }] };

test("new VUs of a scale in a pause are dealt evenly, once all have taken it in: nobody is short of room, nothing moved", () => {
  const fleet = playFleet();
  fleet.begin();
  fleet.turn(1_000);
  fleet.tell(pause);
  for (const id of ["s0", "s1"]) fleet.fact(id, applied("p", 1_300));
  fleet.turn(1_000);
  expect(fleet.tell(scale(16))).toEqual(["s0 scale", "s1 scale"]);
  expect(fleet.fact("s0", applied("s", 1_300))).toEqual([]);
  fleet.turn(300);
  fleet.tell(resume);
  expect(fleet.fact("s0", applied("r", 1_300))).toEqual([]);
  expect(fleet.fact("s1", applied("s", 1_300))).toEqual(["s1 resume", "s at 1300", "s0 grant", "s1 grant"]);
  expect(fleet.held()).toEqual(halves);
  expect(fleet.events()).toEqual(["started", "paused", "scaled", "resumed"]);
  expect(fleet.fleet.degraded).toBe(false);
});

test("so are those of a scale before the start, whoever starts first", () => {
  const fleet = playFleet();
  fleet.tell({ type: "begin" });
  fleet.tell(scale(16));
  for (const id of ["s0", "s1"]) fleet.fact(id, { type: "prepared" });
  fleet.turn(500);
  fleet.fact("s0", { type: "started", atWallMs: null });
  expect(fleet.beat("s0")).toEqual(["s0 scale"]);
  expect(fleet.fact("s0", applied("s", 0))).toEqual([]);
  fleet.fact("s1", { type: "started", atWallMs: null });
  expect(fleet.beat("s1")).toEqual(["s1 scale"]);
  expect(fleet.fact("s1", applied("s", 20))).toEqual(["s0 grant", "s1 grant"]);
  expect(fleet.held()).toEqual(halves);
  expect(fleet.events()).toEqual(["scaled", "started"]);
  expect(fleet.fleet.degraded).toBe(false);
});

test("one that is silent keeps new VUs from the others until it is lost, and no others", () => {
  const fleet = playFleet({ slaves: 3, room: 20 });
  const counts = () =>
    Object.values(fleet.held()).map((runs) => runs?.reduce((sum, run) => sum + (run.to - run.from) / run.step + 1, 0));
  fleet.begin();
  fleet.turn(1_000);
  fleet.tell(pause);
  for (const id of ["s0", "s1", "s2"]) fleet.fact(id, applied("p", 1_300));
  for (const id of ["s0", "s1"]) fleet.beat(id);
  fleet.turn(1_000);
  fleet.tell(scale(20));
  fleet.fact("s0", applied("s", 1_300));
  fleet.beat("s0");
  expect(counts()).toEqual([3, 3, 2]);
  // s2 is lost: its two VUs go to s0, which alone has taken the scale in.
  fleet.turn(3_000);
  fleet.beat("s0");
  fleet.tick();
  expect(counts()).toEqual([5, 3]);
  fleet.turn(1_000);
  fleet.tick();
  expect(fleet.held()).toEqual({ s0: [{ from: 1, to: 20, step: 1 }] });
  expect(fleet.events()).toEqual([
    "started",
    "paused",
    "scaled",
    "slave_lost s2",
    "moved s0",
    "slave_lost s1",
    "moved s0",
  ]);
});

test("VUs that nobody has room for once all have taken the scale in are told", () => {
  const fleet = playFleet({ slaves: 3, room: 6 });
  fleet.begin();
  fleet.turn(1_000);
  fleet.tell(pause);
  for (const id of ["s0", "s1", "s2"]) fleet.fact(id, applied("p", 1_300));
  fleet.turn(1_000);
  fleet.tell(scale(18));
  for (const id of ["s0", "s1"]) fleet.fact(id, applied("s", 1_300));
  fleet.turn(2_000);
  for (const id of ["s0", "s1"]) fleet.beat(id);
  expect(fleet.events()).not.toContain("capacity_short");
  fleet.turn(1_000);
  fleet.tick();
  expect(fleet.events().slice(3)).toEqual(["slave_lost s2", "capacity_short", "moved s0", "moved s1"]);
  expect(fleet.fleet.degraded).toBe(true);
});
