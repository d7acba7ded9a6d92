import { expect, test } from "vitest";
import { applied, playFleet } from "../../test/support/played-fleet.ts";
import { loadSearch, measureSecond } from "../../test/support/played-search.ts";
import type { Frame } from "../protocol/frame.ts";
import { describeLimit } from "./describe-limit.ts";

/** Two slaves before a target that serves no more than the knee, without a queue. */
function playSlaves(search: object, knee: number) {
  const played = playFleet({ workflow: loadSearch(search), room: 1_000 });
  const slaves = ["s0", "s1"] as const;
  const stored: { readonly slaveId: string; readonly frame: Frame }[] = [];
  let serial = 0;
  const tellStored = (slaveId: string, frame: Frame) =>
    played.tell({ type: "stored", slaveId, incarnation: 1, frame, outcome: "appended", high: frame.number });
  const rate = () => {
    const scale = played.fleet.core.steering.findLast(({ type }) => type === "scale");
    return scale?.type === "scale" ? scale.target : 10;
  };
  /** A second with a beat and a frame of both; commands are in force at once. */
  const second = () => {
    played.turn(1_000);
    const testTimeMs = played.testTime();
    const number = stored.length / 2 + 1;
    for (const slaveId of slaves) {
      played.beat(slaveId);
      for (const order of played.fleet.core.steering) {
        if (order.serial > serial) played.fact(slaveId, applied(order.command, testTimeMs));
      }
      const series = measureSecond(Math.ceil(Math.min(rate(), knee) / 2), rate() > knee, 0);
      const frame: Frame = {
        number,
        second: Math.round(testTimeMs / 1_000) - 1,
        testTimeMs,
        warmUp: false,
        series,
        errors: [],
        vus: [],
        overflow: {},
        generator: { cpu: 0, eventLoopLagMs: 0, memory: 0 },
      };
      stored.push({ slaveId, frame });
      tellStored(slaveId, frame);
    }
    serial = played.fleet.core.lastSerial;
    played.tick();
  };
  return {
    played,
    found: () => describeLimit(played.fleet.core),
    run(until: () => boolean) {
      for (let seconds = 0; seconds < 600 && !until(); seconds++) second();
    },
    restart() {
      played.restart(1_000);
      for (const { slaveId, frame } of stored) tellStored(slaveId, frame);
    },
  };
}

test("a master that is restarted in the middle of a search keeps its levels and begins the one under way again", () => {
  const { played, found, run, restart } = playSlaves({ from: 10, to: 400, hold: "4s", factor: 2 }, 100);
  played.begin();
  run(() => (found()?.levels.length ?? 0) === 3);
  run(() => played.fleet.core.search?.counted !== null);
  const before = found()?.levels;
  expect(before?.map(({ target, held }) => [target, held])).toEqual([
    [10, true],
    [20, true],
    [40, true],
  ]);
  restart();
  expect(played.fleet.core.search).toMatchObject({ target: 80, levels: before, counted: null });
  run(() => played.fleet.core.phase !== "running");
  expect(found()?.levels.slice(0, 3)).toEqual(before);
  expect(found()).toMatchObject({ limit: 100, reason: "105/s does not hold: http_req_failed: rate < 0.1 was 1" });
  expect(found()?.levels.map(({ target }) => target)).toEqual([10, 20, 40, 80, 160, 120, 100, 110, 105]);
  expect(played.latest("s1", "stop")).toMatchObject({ graceMs: 5_000 });
});
