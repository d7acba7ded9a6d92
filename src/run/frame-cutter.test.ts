import fc from "fast-check";
import { expect, test } from "vitest";
import { createTurnedClock } from "../../test/support/turned-clock.ts";
import { createFrameCutter } from "./frame-cutter.ts";
import type { FramePart } from "./share-part.ts";
import { createTestClock } from "./test-clock.ts";

function cutFrames(startAt: number, warmUpMs: number) {
  const clock = createTurnedClock(startAt);
  const testClock = createTestClock(clock);
  const frames: FramePart[] = [];
  const cutter = createFrameCutter({
    clock,
    testClock,
    warmUpMs,
    cutMeasurements: () => ({ series: [], logs: [] }) as never,
    countVus: () => [],
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
