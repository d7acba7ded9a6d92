import { expect, test } from "vitest";
import { playFleet } from "../../test/support/played-fleet.ts";
import { completeStep } from "../../test/support/workflow-fixtures.ts";

const step = completeStep({ id: "s", type: "noop" });
const made = { token: "made of Q9uniq" };

function prepareAll(fleet: ReturnType<typeof playFleet>): void {
  fleet.tell({ type: "begin" });
  for (const id of ["s0", "s1"]) {
    fleet.beat(id);
    fleet.fact(id, { type: "prepared" });
  }
}

/** Two slaves whose setup has made something of a secret. */
function playSecret() {
  const fleet = playFleet({ secrets: { TOK: "Q9uniq" }, workflow: { setup: [step], teardown: [step] } });
  prepareAll(fleet);
  return fleet;
}

function startAll(fleet: ReturnType<typeof playSecret>): void {
  for (const id of ["s0", "s1"]) fleet.fact(id, { type: "started", atWallMs: null });
}

function endLoad(fleet: ReturnType<typeof playSecret>): string[] {
  return ["s0", "s1"].flatMap((id) => fleet.fact(id, { type: "done", lastFrame: 0 }));
}

test("what setup made with secrets is in no record; a new owner has a slave tear down with what it has", () => {
  const fleet = playSecret();
  fleet.fact("s0", { type: "setup_done", shared: made });
  startAll(fleet);
  expect([fleet.latest("s0", "start").shared, fleet.latest("s1", "start").shared]).toEqual([made, made]);
  expect(JSON.stringify(fleet.record)).not.toContain("Q9uniq");
  fleet.restart(1_000);
  fleet.restart(1_000);
  for (const id of ["s0", "s1"]) fleet.beat(id);
  expect(endLoad(fleet)).toEqual(["s0 teardown"]);
  expect(fleet.latest("s0", "teardown").shared).toBe(null);
});

test("the owner that was told it goes on with it, and so does one that hears it anew", () => {
  const alone = playSecret();
  alone.fact("s0", { type: "setup_done", shared: made });
  startAll(alone);
  endLoad(alone);
  expect(alone.latest("s0", "teardown").shared).toBe(made);

  const taken = playSecret();
  taken.restart(1_000);
  expect([taken.beat("s0"), taken.beat("s1")]).toEqual([["s0 setup"], []]);
  taken.fact("s0", { type: "setup_done", shared: made });
  expect(taken.latest("s1", "start").shared).toBe(made);
  expect(JSON.stringify(taken.record)).not.toContain("Q9uniq");
});

test("with no slave left that has it, the history says why teardown did not run", () => {
  const fleet = playSecret();
  fleet.fact("s0", { type: "setup_done", shared: made });
  startAll(fleet);
  fleet.restart(1_000);
  fleet.turn(11_000);
  fleet.tick();
  const told = fleet.fleet.core.events.find(({ type }) => type === "teardown_not_run");
  expect(told?.message).toBe("teardown did not run: no slave is left");
});

test("who was not started with it before its owner went is told to start with what it has, and prepares nothing without the secrets", () => {
  const fleet = playSecret();
  fleet.fact("s0", { type: "setup_done", shared: made });
  fleet.fact("s0", { type: "started", atWallMs: null });
  fleet.restart(1_000);
  expect(fleet.beat("s1")).toEqual(["s1 start"]);
  expect(fleet.latest("s1", "start").shared).toBe(null);
  fleet.fact("s1", { type: "prepare_failed", code: "start_failed", message: "it has nothing" });
  expect(fleet.events()).toContain("slave_lost s1");
  expect(fleet.fleet.core.phase).toBe("running");
});

test("what setup made without secrets is stored, as before", () => {
  const fleet = playFleet({ workflow: { setup: [step], teardown: [step] } });
  prepareAll(fleet);
  fleet.fact("s0", { type: "setup_done", shared: made });
  fleet.restart(1_000);
  expect(fleet.fleet.core.shared).toEqual(made);
});
