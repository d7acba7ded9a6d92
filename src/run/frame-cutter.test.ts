import fc from "fast-check";
import { expect, test } from "vitest";
import { createTurnedClock, type TurnedClock } from "../../test/support/turned-clock.ts";
import { createFrameCutter } from "./frame-cutter.ts";
import type { FramePart } from "./share-part.ts";
import { createTestClock } from "./test-clock.ts";

/** `lateMs`: how late each alarm in turn rings. */
function cutFrames(startAt: number, warmUpMs: number, lateMs: readonly number[] = [0]) {
  const turned = createTurnedClock(startAt);
  let alarms = 0;
  const at: TurnedClock["at"] = (time, task) => turned.at(time + (lateMs[alarms++ % lateMs.length] ?? 0), task);
  const clock = { now: turned.now, wall: turned.wall, turn: turned.turn, at };
  const testClock = createTestClock(clock);
  const frames: FramePart[] = [];
  const cutter = createFrameCutter({
    clock,
    testClock,
    warmUpMs,
    cutMeasurements: () => ({ series: [], logs: [] }) as never,
    countVus: () => [],
    takeHalted: () => [],
    sampleGenerator: () => ({ cpu: 0, eventLoopLagMs: 0, memory: 0 }),
    onFrame: (frame) => frames.push(frame),
  });
  const seen = () => frames.map(({ second, warmUp }) => [second, warmUp]);
  return { clock, testClock, cutter, seen };
}

test("wherever on the clock the start lies, each frame has the second in which it began", async () => {
  await fc.assert(
    fc.asyncProperty(fc.double({ min: 1, max: 1e9, noNaN: true }), async (startAt) => {
      const { clock, testClock, cutter, seen } = cutFrames(startAt, 400);
      testClock.start(startAt);
      cutter.start(startAt);
      await clock.turn(4300);
      cutter.stop();
      cutter.cut();
      expect(seen()).toEqual([
        [0, true],
        [0, false],
        [1, false],
        [2, false],
        [3, false],
        [4, false],
      ]);
    }),
  );
});

test("what is cut before the start is of second 0, and so is the first second after it", async () => {
  const { clock, testClock, cutter, seen } = cutFrames(1000, 0);
  cutter.cut();
  testClock.start(1500);
  cutter.start(1500);
  await clock.turn(1600);
  expect(seen()).toEqual([
    [0, false],
    [0, false],
  ]);
});

test("a late alarm closes every second that has passed", async () => {
  const { clock, testClock, cutter, seen } = cutFrames(1000, 0);
  testClock.start(-2500);
  cutter.start(-2500);
  await clock.turn(600);
  cutter.stop();
  cutter.cut();
  expect(seen()).toEqual([
    [0, false],
    [3, false],
    [4, false],
  ]);
});

test("however late alarms ring and in whatever order, no interval is told twice and warm_up comes first", async () => {
  const someMs = fc.oneof(fc.constantFrom(400, 1000, 2000), fc.integer({ min: 1, max: 3000 }));
  const late = fc.array(fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true }), someMs), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(fc.double({ min: 1, max: 1e9, noNaN: true }), someMs, late, async (startAt, warmUpMs, lateMs) => {
      const { clock, testClock, cutter, seen } = cutFrames(startAt, warmUpMs, lateMs);
      testClock.start(startAt);
      cutter.start(startAt);
      await clock.turn(9_500);
      cutter.stop();
      cutter.cut();
      const intervals = seen().map(([second, warmUp]) => Number(second) * 2 + (warmUp === true ? 0 : 1));
      expect(intervals).toEqual([...new Set(intervals)].toSorted((a, b) => a - b));
      const first = seen().findIndex(([, warmUp]) => warmUp === false);
      expect(seen().map(([, warmUp]) => warmUp)).toEqual(seen().map((_, at) => at < first));
      expect(first).toBeGreaterThan(0);
      expect(seen().at(-1)?.[1]).toBe(false);
    }),
  );
});
