import { expect, test } from "vitest";
import { applied, pause, playFleet, resume, scale, stop } from "../../test/support/played-fleet.ts";
import type { PlannedScenario } from "../protocol/plan.ts";
import { scenarioTimeAt } from "./scenario-time.ts";
import type { Step } from "../protocol/workflow.ts";

const step = { id: "s", name: "s", type: "noop" } as Step;

test("a pause acts 300 ms ahead on all, is said again until it has, and is answered once it has everywhere", () => {
  const fleet = playFleet();
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
  const fleet = playFleet();
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

test("a repetition is answered when the first is in force, at once where it is; what cannot be done is a conflict", () => {
  const fleet = playFleet({ workflow: { teardown: [step] } });
  fleet.tell({ type: "begin" });
  expect(fleet.tell(pause)).toEqual([
    "p: conflict: cannot pause an execution that has not started yet; repeat it once it runs",
  ]);
  for (const id of ["s0", "s1"]) fleet.fact(id, { type: "prepared" });
  fleet.turn(1_500);
  for (const id of ["s0", "s1"]) fleet.fact(id, { type: "started", atWallMs: null });
  expect(fleet.tell(resume)).toEqual(["r at 1000"]);
  fleet.tell(pause);
  expect(fleet.tell({ ...pause, command: "again" })).toEqual([]);
  fleet.fact("s0", applied("p", 1_300));
  expect(fleet.fact("s1", applied("p", 1_310))).toEqual(["p at 1310", "again at 1310"]);
  fleet.turn(300);
  expect(fleet.tell({ ...pause, command: "once more" })).toEqual(["once more at 1300"]);
  fleet.tell(stop(0));
  expect(fleet.tell(scale(3))).toEqual(["s: conflict: cannot scale an execution that is ending or has ended"]);
});

test("a slave that is lost keeps nobody waiting for its answer", () => {
  const fleet = playFleet();
  fleet.begin();
  fleet.tell(pause);
  fleet.turn(4_000);
  fleet.beat("s0");
  fleet.fact("s0", applied("p", 300));
  fleet.turn(1_000);
  expect(fleet.tick()).toEqual(["s1 expel", "p at 300", "s0 grant"]);
});

test("commands reach each slave one after another, in the order in which they were given", () => {
  const fleet = playFleet();
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
  const fleet = playFleet();
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
  const fleet = playFleet();
  fleet.tell({ type: "begin" });
  expect(fleet.tell(scale(4))).toEqual(["s at null"]);
  for (const id of ["s0", "s1"]) fleet.fact(id, { type: "prepared" });
  fleet.fact("s0", { type: "started", atWallMs: null });
  expect(fleet.beat("s0")).toEqual(["s0 scale"]);
  expect(fleet.latest("s0", "scale")).toMatchObject({ target: 4, atMs: 0 });
});

test("a stop that is said again gives what is left of its grace, and a second one only shortens it", () => {
  const fleet = playFleet();
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

test("a latecomer hears of every rate there was: the numbers of its arrivals follow from all of them", () => {
  const load = {
    mode: "constant-arrival-rate",
    rate: 5,
    timeUnitMs: 1_000,
    durationMs: 60_000,
    preAllocatedVus: 4,
    maxVus: 4,
  } as const;
  const fleet = playFleet({ load, room: 2 });
  fleet.begin();
  fleet.tell(scale(18, "first"));
  for (const id of ["s0", "s1"]) fleet.fact(id, applied("first", 300));
  fleet.turn(1_000);
  fleet.tell(scale(13, "second"));
  for (const id of ["s0", "s1"]) fleet.fact(id, applied("second", 1_300));
  expect(fleet.fleet.core.steering.map(({ command }) => command)).toEqual(["first", "second"]);
});

test("a scenario that is paused by itself stands in its own time, and the test time goes on; a scale acts where it stands", () => {
  const fleet = playFleet();
  fleet.begin();
  fleet.turn(1_000);
  const { name } = (fleet.fleet.core.plan.scenarios[0] as PlannedScenario).scenario;
  expect(fleet.tell({ ...pause, scenario: name })).toEqual(["s0 pause_scenario", "s1 pause_scenario"]);
  expect(fleet.latest("s0", "pause_scenario")).toMatchObject({ command: "p", scenario: name, atMs: 1_300 });
  expect(fleet.tell({ ...pause, command: "again", scenario: name })).toEqual([]);
  fleet.fact("s0", applied("p", 1_300));
  expect(fleet.fact("s1", applied("p", 1_400))).toEqual(["p at 1400", "again at 1400"]);
  fleet.turn(2_000);
  const { core } = fleet.fleet;
  const ownTime = () => scenarioTimeAt(core, name, core.started === null ? 0 : core.started.now + fleet.testTime());
  expect([fleet.testTime(), ownTime()]).toEqual([3_000, 1_300]);
  fleet.tell(scale(3));
  expect(fleet.latest("s0", "scale")).toMatchObject({ atMs: 1_300 });
  for (const id of ["s0", "s1"]) fleet.fact(id, applied("s", 1_300));
  fleet.tell({ ...resume, scenario: name });
  expect(fleet.latest("s1", "resume_scenario")).toMatchObject({ atMs: 3_300, pausedMs: 2_000 });
  for (const id of ["s0", "s1"]) fleet.fact(id, applied("r", 1_300));
  fleet.turn(300);
  expect(ownTime()).toBe(1_300);
  fleet.turn(700);
  expect([fleet.testTime(), ownTime()]).toEqual([4_000, 2_000]);
  expect(fleet.tell({ ...pause, scenario: "none" })[0]).toContain("none");
});
