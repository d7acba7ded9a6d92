import fc from "fast-check";
import { expect, test } from "vitest";
import { createTurnedClock } from "../../test/support/turned-clock.ts";
import { createScenarioClock } from "./scenario-clock.ts";
import { addAtLeast, createTestClock } from "./test-clock.ts";

function startClocks() {
  const clock = createTurnedClock(1000);
  const testClock = createTestClock(clock);
  const rung: (readonly [string, number])[] = [];
  const ring = (name: string, timeMs: number) => testClock.at(timeMs, () => rung.push([name, clock.now() - 1000]));
  return { clock, testClock, rung, ring };
}

test("nothing is due before the start instant; test time is negative until then", async () => {
  const { clock, testClock, rung, ring } = startClocks();
  ring("a", 0);
  await clock.turn(50);
  testClock.start(1100);
  expect(testClock.now()).toBe(-50);
  await clock.turn(100);
  expect(rung).toEqual([["a", 100]]);
  expect(testClock.now()).toBe(50);
});

test("a pause at a test time ahead freezes there; alarms up to it ring, later ones move with it", async () => {
  const { clock, testClock, rung, ring } = startClocks();
  testClock.start(1000);
  for (const time of [100, 200, 300]) ring(`${time}`, time);
  const paused = testClock.pause(200);
  await clock.turn(1000);
  expect(await paused).toBe(200);
  expect([testClock.now(), testClock.isFrozen(clock.now())]).toEqual([200, true]);
  expect(await testClock.pause(900)).toBe(200);
  ring("250", 250);
  expect(await testClock.resume(clock.now(), 200)).toBe(200);
  await clock.turn(200);
  expect(rung).toEqual([
    ["100", 100],
    ["200", 200],
    ["250", 1050],
    ["300", 1100],
  ]);
});

test("a pause that comes late freezes now; one not reached is taken back by resume", async () => {
  const { clock, testClock, rung, ring } = startClocks();
  testClock.start(1000);
  await clock.turn(500);
  const late = testClock.pause(100);
  await clock.turn(10);
  expect(await late).toBe(500);
  expect(await testClock.resume(clock.now(), 500)).toBe(500);
  const ahead = testClock.pause(800);
  ring("900", 900);
  expect(await testClock.resume(clock.now(), 500)).toBe(500);
  expect(await ahead).toBe(500);
  await clock.turn(1000);
  expect(rung).toEqual([["900", 910]]);
});

test("clocks that stopped at different times agree again: a later one stands longer, an earlier one goes ahead", async () => {
  for (const [stopAt, goesOnAt] of [
    [300, 1380],
    [390, 1470],
    [290, 1370],
  ] as const) {
    const { clock, testClock } = startClocks();
    testClock.start(1000);
    await clock.turn(stopAt);
    const paused = testClock.pause(0);
    await clock.turn(10);
    expect(await paused).toBe(stopAt);
    const resumed = testClock.resume(1380, 300);
    await clock.turn(goesOnAt - clock.now() - 1);
    expect(testClock.now()).toBe(stopAt);
    await clock.turn(200);
    expect(await resumed).toBe(stopAt);
    expect(testClock.now()).toBe(clock.now() - 1080);
  }
});

test("a pause while it waits to go on holds it where it is", async () => {
  const { clock, testClock } = startClocks();
  testClock.start(1000);
  await clock.turn(100);
  const paused = testClock.pause(0);
  const resumed = testClock.resume(1500, 100);
  expect(await testClock.pause(0)).toBe(100);
  await clock.turn(1000);
  expect([await paused, await resumed, testClock.now()]).toEqual([100, 100, 100]);
});

test("a resume without a pause changes nothing", async () => {
  const { clock, testClock } = startClocks();
  testClock.start(1000);
  await clock.turn(100);
  expect(await testClock.resume(1100, 20)).toBe(100);
  expect(testClock.now()).toBe(100);
});

test("close cancels what waits", async () => {
  const { clock, testClock, rung, ring } = startClocks();
  testClock.start(1000);
  ring("a", 10);
  testClock.close();
  await clock.turn(100);
  expect([rung, clock.pending]).toEqual([[], 0]);
});

test("no alarm rings before its time, whatever the rounding", async () => {
  for (const [base, offset] of [
    [1e6 + 1 / 3, 0.1],
    [123_456.789, 1000 / 7],
    [0.3, 1e-9],
  ] as const) {
    expect(addAtLeast(base, offset) - base).toBeGreaterThanOrEqual(offset);
  }
  const { clock, testClock } = startClocks();
  const time = createScenarioClock(testClock, 1 / 3);
  testClock.start(1000 + 1 / 7);
  const seen: boolean[] = [];
  for (let at = 0; at < 50; at++) time.at(at / 3, () => seen.push(time.now() >= at / 3));
  await clock.turn(100);
  expect(seen).toEqual(Array.from({ length: 50 }, () => true));
});

test("what addAtLeast gives is never too early, and by a few roundings too late, also from before the machine's start", () => {
  const instant = fc.oneof(
    fc.double({ min: -1e4, max: 1e4, noNaN: true }),
    fc.double({ min: -1e9, max: 1e9, noNaN: true }),
  );
  const near = fc.tuple(instant, fc.double({ min: -1e-9, max: 1e-9, noNaN: true }));
  const apart = fc.tuple(instant, fc.double({ min: 0, max: 1e9, noNaN: true }));
  fc.assert(
    fc.property(
      fc.oneof(
        apart,
        near.map(([base, tiny]): [number, number] => [base, tiny - base]),
      ),
      ([base, offset]) => {
        const sum = addAtLeast(base, offset);
        expect(sum - base).toBeGreaterThanOrEqual(offset);
        expect(sum - (base + offset)).toBeLessThanOrEqual(1e-6);
      },
    ),
    { numRuns: 1_000 },
  );
});

test("it never goes back: not when it goes on after a pause either", async () => {
  const instant = fc.double({ min: 1, max: 10_000, noNaN: true });
  const span = fc.double({ min: 0, max: 1000, noNaN: true });
  await fc.assert(
    fc.asyncProperty(instant, span, span, span, async (startAt, runMs, standMs, leadMs) => {
      const clock = createTurnedClock(startAt);
      const testClock = createTestClock(clock);
      testClock.start(startAt);
      await clock.turn(runMs);
      const paused = testClock.pause(0);
      await clock.turn(standMs);
      const stood = await paused;
      const resumed = testClock.resume(clock.now() + leadMs, stood);
      while (testClock.isFrozen(clock.now())) {
        expect(testClock.now()).toBe(stood);
        await clock.turn(leadMs / 2 + 1e-6);
      }
      expect(await resumed).toBe(stood);
      expect(testClock.now()).toBeGreaterThanOrEqual(stood);
    }),
    { numRuns: 1_000 },
  );
});
