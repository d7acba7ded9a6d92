import { expect, test } from "vitest";
import { createTurnedClock } from "../../test/support/turned-clock.ts";
import type { IterationRange } from "../protocol/plan.ts";
import { type Claims, createClaimMemory, createClaims } from "./claims.ts";
import { createIterationFeed } from "./iteration-feed.ts";
import { createIterationLine, type IterationLine } from "./iteration-line.ts";

/** Two threads' lines over one memory, fed as a share run feeds them. */
function makeFeed(iterations: readonly IterationRange[]) {
  const clock = createTurnedClock();
  const share = { scenarios: [{ vus: [], arrivals: [], iterations }] };
  const claims: Claims = createClaims(createClaimMemory(share), 2);
  const lines: IterationLine[] = [createIterationLine(), createIterationLine()];
  for (const line of lines) line.append(iterations);
  const told: boolean[] = [];
  let wants = 0;
  const feed = createIterationFeed({
    clock,
    claims,
    position: 0,
    iterations,
    tellThreads(ranges, last) {
      for (const line of lines) line.append(ranges);
      told.push(last);
    },
    onSpare: null,
    onWant: () => wants++,
  });
  /** What a thread begins next; null: nothing. */
  const begin = (thread: number): number | null => {
    const line = lines[thread] as IterationLine;
    const at = claims.claim(0, line.end);
    return at < 0 ? null : line.indexAt(at);
  };
  return { clock, claims, feed, begin, told, countWants: () => wants };
}

test("threads begin each index once, in order, across ranges that came one by one", () => {
  const { feed, begin } = makeFeed([[10, 12]]);
  expect([begin(0), begin(1), begin(0)]).toEqual([10, 11, null]);
  feed.add([[20, 21]], false);
  feed.add(
    [
      [5, 6],
      [30, 32],
    ],
    true,
  );
  expect([begin(1), begin(1), begin(0), begin(0), begin(1)]).toEqual([20, 5, 30, 31, null]);
});

test("what nobody began is given back, and is not begun any more", () => {
  const { feed, begin } = makeFeed([
    [0, 3],
    [7, 9],
  ]);
  expect([begin(0), begin(1)]).toEqual([0, 1]);
  expect(feed.release()).toEqual([
    [2, 3],
    [7, 9],
  ]);
  expect([begin(0), feed.release()]).toEqual([null, []]);
  feed.add([[40, 41]], false);
  expect([begin(1), begin(0)]).toEqual([40, null]);
});

test("more is wanted once, when less than half a second's work is left", async () => {
  const { clock, feed, begin, countWants } = makeFeed([[0, 1000]]);
  feed.start();
  // 10 in 50 ms: half a second's work is 100.
  for (let look = 0; look < 88; look++) {
    for (let n = 0; n < 10; n++) begin(look % 2);
    await clock.turn(50);
  }
  expect(countWants()).toBe(0);
  for (let look = 0; look < 5; look++) {
    for (let n = 0; n < 10; n++) begin(look % 2);
    await clock.turn(50);
  }
  expect(countWants()).toBe(1);
  feed.add([[1000, 1010]], false);
  feed.want();
  feed.want();
  expect(countWants()).toBe(2);
  feed.close();
});

test("nothing is wanted after the last, and threads without VUs hear when all is begun", async () => {
  const { clock, feed, begin, told, countWants } = makeFeed([[0, 2]]);
  feed.start();
  feed.add([], true);
  begin(0);
  await clock.turn(200);
  expect(told).toEqual([true]);
  begin(0);
  await clock.turn(200);
  feed.want();
  expect([told, countWants(), clock.pending]).toEqual([[true, true], 0, 0]);
});

test("the last thread to retire takes what is left, also what comes later", () => {
  const { claims, begin, feed } = makeFeed([[0, 10]]);
  begin(0);
  expect([claims.retire(0, true), claims.retire(0, true)]).toEqual([0, 9]);
  feed.add([[50, 53]], false);
  expect([claims.retire(0, false), claims.retire(0, false)]).toEqual([3, 0]);
});
