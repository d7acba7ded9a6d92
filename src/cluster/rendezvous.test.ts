import { expect, test } from "vitest";
import { playFleet } from "../../test/support/played-fleet.ts";
import type { Arrivals } from "../protocol/message.ts";

type Counts = Partial<Arrivals["points"][number]> & { readonly step?: string };

interface Said extends Partial<Pick<Arrivals, "running" | "stage" | "thread" | "threads" | "serial">> {
  readonly points?: readonly Counts[];
}

/** Slaves of four VUs each, running; what their threads say is numbered. `count`: of the place `meet`; null: all. */
function begin({ slaves = 2, count = null }: { slaves?: number; count?: number | null } = {}) {
  const fleet = playFleet({ slaves });
  fleet.begin();
  let serial = 0;
  return {
    fleet,
    /** Gives who is told to proceed. */
    say(slaveId: string, { points = [], ...fields }: Said): string[] {
      return fleet.fact(slaveId, {
        type: "arrive",
        scenario: "default",
        thread: 0,
        threads: 1,
        serial: ++serial,
        stage: "loading",
        running: 4,
        points: points.map((point) => ({
          step: "meet",
          count,
          arrived: 0,
          released: 0,
          gone: 0,
          leaving: 0,
          ...point,
        })),
        ...fields,
      });
    },
    /** What a slave was told latest of the place. */
    told: (slaveId: string) => fleet.latest(slaveId, "proceed").points[0],
  };
}

test("whole groups of `count` go on, those who were heard of first; who is left over is the first of the next", () => {
  const { say, told } = begin({ count: 3 });
  expect(say("s0", { points: [{ arrived: 2 }] })).toEqual([]);
  expect(say("s1", { points: [{ arrived: 2 }] })).toEqual(["s0 proceed", "s1 proceed"]);
  expect([told("s0")?.released, told("s1")?.released]).toEqual([2, 1]);
  expect(say("s0", { points: [{ arrived: 4, released: 2 }] })).toEqual(["s1 proceed", "s0 proceed"]);
  expect([told("s0")?.released, told("s1")?.released]).toEqual([4, 2]);
});

test("`all` waits until every thread of every slave has said what runs there", () => {
  const { say, told } = begin();
  expect(say("s0", { threads: 2, running: 2, points: [{ arrived: 2 }] })).toEqual([]);
  expect(say("s1", { running: 1, points: [{ arrived: 1 }] })).toEqual([]);
  // The second thread of s0 has VUs that have not come, then they have.
  expect(say("s0", { thread: 1, threads: 2, running: 1 })).toEqual([]);
  expect(say("s0", { thread: 1, threads: 2, running: 1, points: [{ arrived: 1 }] })).toEqual([
    "s0 proceed",
    "s1 proceed",
    "s0 proceed",
  ]);
  expect([told("s1")?.released, told("s0")?.released]).toEqual([1, 1]);
});

test("an older report changes nothing; one that does not know yet who goes on is told again", () => {
  const { say, told } = begin({ count: 2 });
  expect(say("s0", { serial: 10, points: [{ arrived: 2 }] })).toEqual(["s0 proceed"]);
  expect(say("s0", { serial: 10, points: [{ arrived: 4 }] })).toEqual([]);
  expect(say("s0", { serial: 9, points: [{ arrived: 4 }] })).toEqual([]);
  expect(say("s0", { serial: 11, points: [{ arrived: 2 }] })).toEqual(["s0 proceed"]);
  expect(told("s0")?.released).toBe(2);
  expect(say("s0", { serial: 12, points: [{ arrived: 2, released: 2 }] })).toEqual([]);
});

test("one whose time is up goes without, and hears how many of how many had come; he counts as there no more", () => {
  const { say, told } = begin({ count: 3 });
  say("s0", { points: [{ arrived: 1 }] });
  say("s1", { points: [{ arrived: 1 }] });
  expect(say("s0", { points: [{ arrived: 1, leaving: 1 }] })).toEqual(["s0 proceed"]);
  expect(told("s0")).toMatchObject({ released: 0, gone: 1, came: 2, needed: 3 });
  expect(say("s1", { points: [{ arrived: 2 }] })).toEqual([]);
  expect(say("s1", { points: [{ arrived: 3 }] })).toEqual(["s1 proceed"]);
  // Let on meanwhile, one does not leave any more.
  expect(say("s1", { points: [{ arrived: 3, leaving: 3 }] })).toEqual(["s1 proceed"]);
  expect(told("s1")).toMatchObject({ released: 3, gone: 0 });
});

test("those on a lost slave are not waited for and not there: the others go on once it is given up", () => {
  const { fleet, say, told } = begin();
  say("s0", { points: [{ arrived: 4 }] });
  expect(say("s1", { points: [{ arrived: 3 }] })).toEqual([]);
  const heard: string[] = [];
  for (let second = 0; second < 8; second++) {
    fleet.turn(1_000);
    heard.push(...fleet.beat("s0"), ...fleet.tick());
  }
  expect(fleet.events()).toContain("slave_lost s1");
  expect(heard.filter((order) => order.endsWith("proceed"))).toEqual(["s0 proceed"]);
  expect(told("s0")).toMatchObject({ released: 4, gone: 0 });
});

test("nobody waits for a slave that has ended its load", () => {
  const { fleet, say, told } = begin();
  say("s1", { running: 1 });
  expect(say("s0", { points: [{ arrived: 4 }] })).toEqual([]);
  expect(fleet.fact("s1", { type: "done", lastFrame: 0 })).toContain("s0 proceed");
  expect(told("s0")?.released).toBe(4);
});

test("once nothing more begins and all that run wait, the place is over: too few will never be enough", () => {
  const { say, told } = begin({ count: 9 });
  expect(say("s0", { stage: "over", running: 2, points: [{ arrived: 2 }] })).toEqual([]);
  expect(say("s1", { stage: "over", running: 1, points: [{ arrived: 0 }] })).toEqual([]);
  expect(say("s1", { stage: "over", running: 0, points: [{ arrived: 0 }] })).toEqual(["s0 proceed"]);
  expect(told("s0")).toMatchObject({ released: 0, over: true });
});

test("another master knows who waits and who went on: nobody goes on twice, and nobody is forgotten", () => {
  const { fleet, say, told } = begin({ count: 3 });
  say("s0", { points: [{ arrived: 4 }] });
  expect(told("s0")?.released).toBe(3);
  fleet.restart(1_000);
  for (const id of ["s0", "s1"]) fleet.beat(id);
  // The answer may be lost with the master: it is given again, and not more of it.
  expect(say("s0", { points: [{ arrived: 4 }] })).toEqual(["s0 proceed"]);
  expect(told("s0")?.released).toBe(3);
  expect(say("s0", { points: [{ arrived: 4, released: 3 }] })).toEqual([]);
  expect(say("s1", { points: [{ arrived: 2 }] })).toEqual(["s0 proceed", "s1 proceed"]);
  expect([told("s0")?.released, told("s1")?.released]).toEqual([4, 2]);
});
