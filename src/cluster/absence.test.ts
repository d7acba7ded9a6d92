import { expect, test } from "vitest";
import { playFleet } from "../../test/support/played-fleet.ts";

/** Two slaves were heard, and then the owner's process was frozen for two H. */
function playFrozen() {
  const fleet = playFleet();
  fleet.begin();
  fleet.turn(1_000);
  fleet.beat("s0");
  fleet.beat("s1");
  fleet.tick();
  fleet.freeze(10_000);
  return fleet;
}

test.each(["a tick", "a heartbeat"])(
  "an owner that was frozen gives nobody up before it has listened: %s comes first",
  (first) => {
    const fleet = playFrozen();
    if (first === "a tick") fleet.tick();
    fleet.beat("s0", true);
    expect(fleet.wasRenewed("s0")).toBe(true);
    fleet.beat("s1", true);
    expect(fleet.wasRenewed("s1")).toBe(true);
    fleet.tick();
    expect(fleet.events()).toEqual(["started", "suspended", "suspended s0", "suspended s1"]);
    expect(fleet.fleet.core.events[1]?.message).toBe(
      "the master stood still for 9500 ms: it goes on with who is alive",
    );
    expect([...fleet.fleet.members.keys()]).toEqual(["s0", "s1"]);
    expect(fleet.fleet.core.phase).toBe("running");
  },
);

test("who does not come back is given up once the owner has listened for H since its last heartbeat", () => {
  const fleet = playFrozen();
  fleet.tick();
  fleet.beat("s0");
  // The tick that it missed was due half a second after that heartbeat.
  fleet.turn(4_499);
  fleet.beat("s0");
  expect(fleet.tick()).toEqual([]);
  fleet.turn(1);
  expect(fleet.tick()).toEqual(["s1 expel", "s0 grant"]);
  expect(fleet.events()).toEqual(["started", "suspended", "slave_lost s1", "moved s0"]);
});

test("a tick that is late by no more than a heartbeat's interval changes no timer", () => {
  const fleet = playFleet();
  fleet.begin();
  fleet.turn(1_000);
  fleet.beat("s0");
  fleet.tick();
  fleet.freeze(1_500);
  fleet.beat("s0");
  fleet.tick();
  fleet.turn(1_999);
  expect(fleet.tick()).toEqual([]);
  fleet.turn(1);
  expect(fleet.tick()).toEqual(["s1 expel", "s0 grant"]);
  expect(fleet.events()).toEqual(["started", "slave_lost s1", "moved s0"]);
});
