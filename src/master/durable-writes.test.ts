import { expect, test } from "vitest";
import { createTurnedClock } from "../../test/support/turned-clock.ts";
import { createDurableWrites } from "./durable-writes.ts";

test("only the latest of what waits is written, one at a time", async () => {
  const writes = createDurableWrites(createTurnedClock(), () => {});
  const written: number[] = [];
  const first = Promise.withResolvers<void>();
  writes.write("state", async () => {
    await first.promise;
    written.push(1);
  });
  for (const version of [2, 3]) {
    writes.write("state", async () => {
      written.push(version);
    });
  }
  expect(written).toEqual([]);
  first.resolve();
  await writes.settled();
  expect(written).toEqual([1, 3]);
});

test("what fails is told and tried again until it is taken; a closed one tries no more", async () => {
  const clock = createTurnedClock();
  const told: string[] = [];
  const writes = createDurableWrites(clock, (_level, message) => told.push(message));
  let full = true;
  let tries = 0;
  writes.write("state", async () => {
    tries++;
    if (full) throw new Error("disk full");
  });
  await clock.turn(2_500);
  expect(tries).toBe(3);
  expect(told[0]).toContain("disk full");
  full = false;
  await clock.turn(1_000);
  await writes.settled();
  expect(tries).toBe(4);
  full = true;
  writes.write("state", async () => {
    tries++;
    throw new Error("disk full");
  });
  await clock.turn(0);
  await writes.close();
  await clock.turn(10_000);
  expect(tries).toBe(5);
});
