import { expect, test } from "vitest";
import type { Clock } from "./ports.ts";
import { watchSilence } from "./silence-watch.ts";

/** A process as the loop runs it: what is due rings first, then what has arrived is read, then what is due at once. */
function createLoop() {
  let now = 0;
  let due: { readonly time: number; readonly task: () => void }[] = [];
  const arrived: (() => void)[] = [];
  const clock: Pick<Clock, "now" | "at"> = {
    now: () => now,
    at(time, task) {
      const alarm = { time, task };
      due.push(alarm);
      return { cancel: () => void (due = due.filter((each) => each !== alarm)) };
    },
  };
  const ring = () => {
    const ringing = due.filter(({ time }) => time <= now);
    due = due.filter(({ time }) => time > now);
    for (const { task } of ringing) task();
  };
  /** Goes on by steps of 10 ms; `frozenMs`: by one step of so long. */
  const run = (forMs: number, stepMs = 10) => {
    for (const until = now + forMs; now < until; ) {
      now += stepMs;
      ring();
      for (const read of arrived.splice(0)) read();
      ring();
    }
  };
  return { clock, arrived, run, freeze: (forMs: number) => run(forMs, forMs) };
}

function watch() {
  const loop = createLoop();
  const told: string[] = [];
  const watched = watchSilence({
    clock: loop.clock,
    everyMs: 100,
    times: 3,
    onQuiet: () => told.push(`quiet ${loop.clock.now()}`),
    onSilent: (ms) => told.push(`silent for ${ms}`),
  });
  return { ...loop, told, watched };
}

test("three intervals without a word are silence, and each is asked after", () => {
  const { run, told } = watch();
  run(1_000);
  expect(told).toEqual(["quiet 100", "quiet 200", "silent for 300"]);
});

test("who says something once in an interval is never asked, and counts from its last word", () => {
  const { run, told, watched } = watch();
  for (let times = 0; times < 20; times++) {
    watched.hear();
    run(90);
  }
  expect(told).toEqual([]);
  run(1_000);
  expect(told).toEqual(["quiet 1810", "quiet 1910", "silent for 300"]);
});

test("a watcher that was frozen reads what waits for it before it judges", () => {
  const { run, freeze, arrived, told, watched } = watch();
  run(250);
  arrived.push(() => watched.hear());
  freeze(10_000);
  expect(told).toEqual(["quiet 100", "quiet 200"]);
});

test("a watcher that was frozen asks a peer that had nothing to say meanwhile, and waits for the answer", () => {
  const { run, freeze, told, watched } = watch();
  run(50);
  freeze(10_000);
  expect(told).toEqual(["quiet 10050"]);
  run(150);
  watched.hear();
  run(90);
  expect(told).toEqual(["quiet 10050", "quiet 10150"]);
  run(1_000);
  expect(told.at(-1)).toBe("silent for 300");
});

test("a closed watch is over", () => {
  const { run, told, watched } = watch();
  run(150);
  watched.close();
  watched.close();
  run(1_000);
  expect(told).toEqual(["quiet 100"]);
});
