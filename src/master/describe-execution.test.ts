import { expect, test } from "vitest";
import { playFleet, scale, stop } from "../../test/support/played-fleet.ts";
import type { Load } from "../protocol/load.ts";
import { countWritten, describeLive } from "./describe-execution.ts";

test("the VUs asked for are those that were written or ordered, not those that a scale might ask for", () => {
  const load: Load = { mode: "externally-controlled", vus: 2, maxVus: 5, durationMs: null };
  const played = playFleet({ load });
  const { plan } = played.fleet.core;
  const card = { id: "x", workflow: plan.workflow, createdAt: 0, vus: countWritten(plan) };
  const target = () => describeLive(card, played.fleet, new Map(), [], 1_000).target_vus;
  expect([card.vus, target()]).toEqual([2, 2]);
  played.begin();
  expect(target()).toBe(2);
  played.tell(scale(4));
  expect(target()).toBe(4);
  played.tell(scale(3, "less"));
  played.tell(stop(0));
  for (const id of ["s0", "s1"]) played.fact(id, { type: "done", lastFrame: 0 });
  expect(played.fleet.core.endedAt).not.toBeNull();
  expect(target()).toBe(3);
});

test("of a load that ended without a scale it is what was written", () => {
  const load: Load = { mode: "externally-controlled", vus: 2, maxVus: 5, durationMs: 60_000 };
  const played = playFleet({ load });
  played.begin();
  for (const id of ["s0", "s1"]) played.fact(id, { type: "done", lastFrame: 0 });
  const { workflow } = played.fleet.core.plan;
  const card = { id: "x", workflow, createdAt: 0, vus: 2 };
  expect(describeLive(card, played.fleet, new Map(), [], 60_000).target_vus).toBe(2);
});

/** By slave, how an execution shows it. */
function statesOf(fleet: ReturnType<typeof playFleet>): Record<string, string> {
  const { workflow } = fleet.fleet.core.plan;
  const card = { id: "x", workflow, createdAt: 0, vus: 8 };
  const { slave_states: states } = describeLive(card, fleet.fleet, new Map(), [], 0);
  return Object.fromEntries(Object.values(states).map(({ slave_id, status }) => [slave_id, status]));
}

test("a slave that gave all up and left has ended; one that was silent is lost", () => {
  const drained = playFleet({ room: 16 });
  drained.begin();
  drained.tell({ type: "drain", slaveId: "s1" });
  drained.fact("s1", { type: "released", epoch: 2, serials: [0], unstarted: [[]], begun: [[]] });
  drained.fact("s1", { type: "done", lastFrame: 0 });
  drained.freeze(4_000);
  drained.beat("s0");
  drained.freeze(2_000);
  drained.tick();
  expect(statesOf(drained)).toEqual({ s0: "running", s1: "ended" });

  const silent = playFleet({ room: 16 });
  silent.begin();
  silent.turn(4_000);
  silent.beat("s0");
  silent.turn(2_000);
  silent.tick();
  expect(statesOf(silent)).toEqual({ s0: "running", s1: "lost" });
});
