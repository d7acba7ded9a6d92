import { expect, test } from "vitest";
import { createTurnedClock } from "../../test/support/turned-clock.ts";
import type { MeetingEnd } from "../flow/rendezvous/meetings.ts";
import type { Arrivals, Departures } from "../protocol/message.ts";
import { createRendezvous } from "./rendezvous.ts";

type Told = Omit<Arrivals, "thread" | "threads">;

const nobody: Departures = { step: "meet", released: 0, gone: 0, came: 0, needed: 0, over: false };

/** One place, `meet`, of a scenario of four VUs. Reports come at once, or `leastMs` apart. */
function open({ leastMs = 0, timeout = 1_000 } = {}) {
  const clock = createTurnedClock();
  const own = createTurnedClock();
  const told: Told[] = [];
  const rendezvous = createRendezvous({
    clock,
    timeOf: () => own,
    leastMs,
    look: () => ({ stage: "loading", running: 4 }),
    tell: (arrivals) => told.push(arrivals),
  });
  const arrive = rendezvous.open("default", "meet", 2);
  const ends: (MeetingEnd | null)[] = [];
  return {
    clock,
    own,
    told,
    rendezvous,
    /** How each who came left, in the order of their coming; null: he waits. */
    ends,
    come(deadline = Number.POSITIVE_INFINITY): AbortController {
      const halt = new AbortController();
      const at = ends.push(null) - 1;
      void arrive(timeout, deadline, halt.signal).then((end) => {
        ends[at] = end;
      });
      return halt;
    },
    proceed: (departures: Partial<Departures>) => rendezvous.proceed("default", [{ ...nobody, ...departures }]),
    latest: () => told.at(-1)?.points[0],
  };
}

test("those who come in one go are told of together, and go on in the order of their coming", async () => {
  const { clock, told, rendezvous, ends, come, proceed, latest } = open();
  rendezvous.start();
  for (let vu = 0; vu < 3; vu++) come();
  await clock.turn(0);
  expect(told.map(({ serial, points: [point] }) => [serial, point?.arrived])).toEqual([
    [1, 0],
    [2, 3],
  ]);
  proceed({ released: 2 });
  await clock.turn(0);
  expect(ends).toEqual(["met", "met", null]);
  expect(latest()).toMatchObject({ arrived: 3, released: 2, gone: 0, leaving: 0 });
  // Said again, or overtaken by what is newer, it lets nobody else go.
  proceed({ released: 2 });
  proceed({ released: 1 });
  await clock.turn(0);
  expect(ends).toEqual(["met", "met", null]);
});

test("nothing is told before the start; then what changed at the latest after the least time, and all again each second", async () => {
  const { clock, told, rendezvous, come } = open({ leastMs: 20 });
  come();
  await clock.turn(100);
  expect(told).toEqual([]);
  rendezvous.start();
  expect(told.map(({ points: [point] }) => point?.arrived)).toEqual([1]);
  await clock.turn(5);
  come();
  await clock.turn(14);
  expect(told.length).toBe(1);
  await clock.turn(1);
  expect(told.map(({ points: [point] }) => point?.arrived)).toEqual([1, 2]);
  await clock.turn(950);
  expect(told.length).toBe(2);
  await clock.turn(100);
  expect(told.map(({ serial }) => serial)).toEqual([1, 2, 3]);
});

test("one whose time is up waits until it is agreed to, and hears how many had come; let on before, it has met", async () => {
  const { clock, own, rendezvous, ends, come, proceed, latest } = open();
  rendezvous.start();
  come();
  come();
  // The time stands while the run is paused: it is not the clock's.
  await clock.turn(5_000);
  expect(latest()).toMatchObject({ arrived: 2, leaving: 0 });
  await own.turn(1_000);
  await clock.turn(0);
  expect(latest()).toMatchObject({ arrived: 2, leaving: 2 });
  expect(ends).toEqual([null, null]);
  proceed({ gone: 1, came: 2, needed: 3 });
  proceed({ gone: 1, released: 1, came: 2, needed: 3 });
  await clock.turn(0);
  expect(ends).toEqual([{ came: 2, needed: 3 }, "met"]);
  expect(latest()).toMatchObject({ arrived: 2, released: 1, gone: 1, leaving: 1 });
});

test("a step's own deadline counts by the clock", async () => {
  const { clock, rendezvous, come, latest } = open();
  rendezvous.start();
  come(clock.now() + 300);
  await clock.turn(299);
  expect(latest()).toMatchObject({ leaving: 0 });
  await clock.turn(1);
  expect(latest()).toMatchObject({ leaving: 1 });
});

test("those who still have time are let on before those who wanted to leave", async () => {
  const { clock, rendezvous, ends, come, proceed } = open();
  rendezvous.start();
  come(clock.now() + 100);
  await clock.turn(100);
  come();
  proceed({ released: 1 });
  await clock.turn(0);
  expect(ends).toEqual([null, "met"]);
});

test("one that is interrupted is gone at once, and is counted as leaving until that is agreed to", async () => {
  const { clock, rendezvous, ends, come, proceed, latest } = open();
  rendezvous.start();
  come().abort();
  come();
  await clock.turn(0);
  expect(ends).toEqual(["interrupted", null]);
  expect(latest()).toMatchObject({ arrived: 2, leaving: 1 });
  proceed({ gone: 1, came: 2, needed: 3 });
  await clock.turn(0);
  expect(ends).toEqual(["interrupted", null]);
  expect(latest()).toMatchObject({ arrived: 2, gone: 1, leaving: 1 });
  proceed({ gone: 1, released: 1 });
  await clock.turn(0);
  expect(ends).toEqual(["interrupted", "met"]);
});

test("one that was let on while it was interrupted takes nobody else's place", async () => {
  const { clock, rendezvous, ends, come, proceed, latest } = open();
  rendezvous.start();
  come().abort();
  proceed({ released: 1 });
  await clock.turn(0);
  expect(latest()).toMatchObject({ arrived: 1, released: 1, leaving: 0 });
  come();
  await clock.turn(0);
  expect(ends).toEqual(["interrupted", null]);
});

test("where nobody can come any more nobody waits: those who do are interrupted, and whoever comes later", async () => {
  const { clock, rendezvous, ends, come, proceed } = open();
  rendezvous.start();
  come();
  proceed({ over: true });
  come();
  await clock.turn(0);
  expect(ends).toEqual(["interrupted", "interrupted"]);
});

test("a close says the last, ends every wait and leaves no alarm behind", async () => {
  const { clock, own, told, rendezvous, ends, come } = open();
  rendezvous.start();
  come(clock.now() + 10_000);
  rendezvous.close();
  rendezvous.close();
  await clock.turn(0);
  expect(ends).toEqual(["interrupted"]);
  expect(told.at(-1)?.points[0]).toMatchObject({ arrived: 1 });
  expect([clock.pending, own.pending]).toEqual([0, 0]);
});
