import { expect, test } from "vitest";
import { createSystemClock } from "./system-clock.ts";

const clock = createSystemClock({ now: () => performance.now(), wall: () => Date.now() });

test("an alarm is never early, never synchronous, and rings once", async () => {
  const early: number[] = [];
  let rung = 0;
  await Promise.all(
    Array.from({ length: 200 }, (_, at) => {
      const time = clock.now() + at * 0.17 - 1;
      return new Promise<void>((resolve) => {
        let synchronous = true;
        clock.at(time, () => {
          rung++;
          expect(synchronous).toBe(false);
          if (clock.now() < time) early.push(time);
          resolve();
        });
        synchronous = false;
      });
    }),
  );
  expect(early).toEqual([]);
  expect(rung).toBe(200);
});

test("a cancelled alarm does not ring, and cancelling again does nothing", async () => {
  let rung = 0;
  const alarms = [clock.at(clock.now() - 1, () => rung++), clock.at(clock.now() + 2, () => rung++)];
  for (const alarm of alarms) {
    alarm.cancel();
    alarm.cancel();
  }
  await new Promise<void>((resolve) => clock.at(clock.now() + 5, resolve));
  expect(rung).toBe(0);
});

test("alarms that are very far away wait", () => {
  const alarm = clock.at(clock.now() + 2 ** 40, () => {
    throw new Error("rang");
  });
  alarm.cancel();
});
