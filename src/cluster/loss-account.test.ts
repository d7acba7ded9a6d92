import { expect, test } from "vitest";
import { pause, playFleet } from "../../test/support/played-fleet.ts";
import type { Load } from "../protocol/load.ts";

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
