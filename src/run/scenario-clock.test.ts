import { expect, test } from "vitest";
import { createTurnedClock } from "../../test/support/turned-clock.ts";
import { createPausedClock } from "./scenario-clock.ts";
import { createTestClock } from "./test-clock.ts";

function startClocks(pause: { readonly pausedMs: number; readonly standsAtMs: number | null } | null = null) {
  const clock = createTurnedClock(1000);
  const testClock = createTestClock(clock);
  const own = createPausedClock(testClock);
  const rung: number[] = [];
  own.start(pause);
  testClock.start(1000);
  return { clock, testClock, own, rung, ring: (timeMs: number) => own.at(timeMs, () => rung.push(clock.now() - 1000)) };
}

test("a pause of its own stops it alone, and what was due later comes later by so much", async () => {
  const { clock, testClock, own, rung, ring } = startClocks();
  for (const timeMs of [100, 200, 300]) ring(timeMs);
  const paused = own.pause(200);
  await clock.turn(700);
  expect(await paused).toBe(200);
  expect([own.now(), own.isFrozen(clock.now()), testClock.now(), testClock.isFrozen(clock.now())]).toEqual([
    200,
    true,
    700,
    false,
  ]);
  const resumed = own.resume(800, 600);
  await clock.turn(300);
  expect(await resumed).toBe(200);
  expect(rung).toEqual([100, 200, 900]);
  expect([own.now(), own.read(clock.now())]).toEqual([400, 400]);
});

test("it stands with the test clock too, and a pause of its own goes on behind that", async () => {
  const { clock, testClock, own, rung, ring } = startClocks();
  ring(500);
  testClock.pause(100).catch(() => undefined);
  await clock.turn(1000);
  expect([own.now(), own.isFrozen(clock.now())]).toEqual([100, true]);
  // It acts once the test clock goes on.
  const paused = own.pause(own.now());
  await testClock.resume(clock.now(), 100);
  await clock.turn(1000);
  expect(await paused).toBe(100);
  expect([own.now(), testClock.now()]).toEqual([100, 1100]);
  await own.resume(testClock.now(), 1000);
  await clock.turn(400);
  expect(rung).toEqual([2400]);
});

test("one that stopped later stands longer, and agrees with the others again", async () => {
  const { clock, own } = startClocks();
  await clock.turn(300);
  const paused = own.pause(100);
  await clock.turn(100);
  expect(await paused).toBe(300);
  expect(own.now()).toBe(300);
  const resumed = own.resume(400, 300);
  await clock.turn(100);
  expect(own.isFrozen(clock.now())).toBe(true);
  await clock.turn(200);
  expect(await resumed).toBe(300);
  expect(own.now()).toBe(400);
});

test.each([
  [{ pausedMs: 400, standsAtMs: null }, 600],
  [{ pausedMs: 0, standsAtMs: 250 }, 250],
])("%j: who joins late begins where the others are", async (pause, timeMs) => {
  const { clock, own } = startClocks(pause);
  await clock.turn(1000);
  expect(own.now()).toBe(timeMs);
});
