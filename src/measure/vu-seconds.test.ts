import fc from "fast-check";
import { expect, test } from "vitest";
import { createWorkflow } from "../../test/support/staged-run.ts";
import type { Frame } from "../protocol/frame.ts";
import { packSnapshot, unpackSnapshot } from "./pack-snapshot.ts";
import { applyFrame, createSnapshot, forgetVus, type Snapshot, totalOf } from "./snapshot.ts";

interface Told {
  readonly second: number;
  readonly active: number;
  readonly most?: number;
  readonly planned?: number;
  readonly warmUp?: boolean;
}

const slaves = ["s1", "s2", "s3"];

function tell(snapshot: Snapshot, slaveId: string, told: Told): void {
  const { second, active, most = active, planned = active, warmUp = false } = told;
  const vus = [{ scenario: "default", active, most, allocated: active, planned, iterations: 0 }];
  const generator = { cpu: 0, eventLoopLagMs: 0, memory: 0 };
  const rest = { series: [], errors: [], overflow: {}, generator, number: 1, testTimeMs: 1_000 * (second + 1) };
  applyFrame(snapshot, slaveId, { ...rest, second, warmUp, vus } satisfies Frame);
}

function gauges(snapshot: Snapshot) {
  const [vus, most] = ["vus", "vus_max"].map((name) => totalOf(snapshot, name));
  if (vus?.type !== "gauge" || most?.type !== "gauge") return null;
  return [vus.min, vus.max, vus.value, most.min, most.max, most.value];
}

test("a second counts once all have told of it: a steady load has one value, however the ends fall", () => {
  const snapshot = createSnapshot({ metrics: {}, thresholds: [] });
  const seen = [];
  for (let second = 0; second < 3; second++) {
    for (const slave of ["s1", "s2"]) {
      tell(snapshot, slave, { second, active: 50 });
      seen.push(gauges(snapshot)?.slice(0, 3));
    }
  }
  expect(seen.slice(1)).toEqual(Array.from({ length: 5 }, () => [100, 100, 100]));
  // The one ends just before the whole second, the other just after it.
  tell(snapshot, "s1", { second: 3, active: 0, most: 50 });
  tell(snapshot, "s2", { second: 3, active: 50 });
  tell(snapshot, "s2", { second: 4, active: 0, most: 50 });
  expect(gauges(snapshot)).toEqual([100, 100, 100, 100, 100, 100]);
});

test("a source that was given up is waited for no more; one whose frames were merged had what it had before", () => {
  const snapshot = createSnapshot({ metrics: {}, thresholds: [] });
  for (const slave of slaves) tell(snapshot, slave, { second: 0, active: 10 });
  tell(snapshot, "s1", { second: 4, active: 10 });
  tell(snapshot, "s2", { second: 4, active: 15 });
  expect(gauges(snapshot)?.slice(0, 3)).toEqual([30, 30, 30]);
  forgetVus(snapshot, "s3");
  expect(gauges(snapshot)?.slice(0, 3)).toEqual([20, 30, 25]);
  expect(gauges(snapshot)?.slice(3)).toEqual([30, 30, 30]);
});

test("who is still warming up is part of a second that counts", () => {
  const snapshot = createSnapshot({ metrics: {}, thresholds: [] });
  for (const slave of ["s1", "s2"]) tell(snapshot, slave, { second: 0, active: 50, warmUp: true });
  expect(gauges(snapshot)).toBeNull();
  tell(snapshot, "s1", { second: 1, active: 50, warmUp: true });
  tell(snapshot, "s2", { second: 1, active: 50 });
  expect(gauges(snapshot)).toEqual([100, 100, 100, 100, 100, 100]);
});

test("of two slaves whose parts were over within a second all VUs count", () => {
  const snapshot = createSnapshot({ metrics: {}, thresholds: [] });
  for (const slave of ["s1", "s2"]) tell(snapshot, slave, { second: 0, active: 0, most: 3 });
  expect(gauges(snapshot)).toEqual([6, 6, 6, 6, 6, 6]);
});

test("seconds beyond ten minutes are folded: memory is bounded and nothing of them is lost", () => {
  const snapshot = createSnapshot({ metrics: {}, thresholds: [] });
  for (let second = 0; second < 3_000; second++) {
    for (const slave of slaves) tell(snapshot, slave, { second, active: second === 7 ? 1 : second === 9 ? 9 : 5 });
  }
  expect(snapshot.vuSeconds.open).toHaveLength(600);
  expect(gauges(snapshot)).toEqual([3, 27, 15, 15, 27, 27]);
});

test("sources in any order, packed anywhere, give the same", () => {
  const counts = fc.array(fc.nat(5), { minLength: 1, maxLength: 8 });
  const parts = fc.array(counts, { minLength: 1, maxLength: 3 });
  // Orders in which the sources take turns; each ends with a frame that is idle.
  const turns = fc.infiniteStream(fc.nat(2));
  fc.assert(
    fc.property(parts, turns, fc.nat(20), (lists, order, packAt) => {
      const through = Math.max(...lists.map((list) => list.length));
      const sums = Array.from({ length: through }, (_, second) => lists.reduce((sum, l) => sum + (l[second] ?? 0), 0));
      // Planned always: a zero is a zero of the load, until the source has ended.
      let snapshot = createSnapshot(createWorkflow([]));
      const next = lists.map(() => 0);
      const left = () => lists.some((list, at) => (next[at] ?? 0) <= list.length);
      for (let step = 0; left(); step++) {
        if (step === packAt) snapshot = unpackSnapshot(structuredClone(packSnapshot(snapshot)));
        const at = order.next().value % lists.length;
        const second = next[at] ?? 0;
        const list = lists[at] ?? [];
        if (second > list.length) continue;
        next[at] = second + 1;
        const ended = second === list.length;
        tell(snapshot, slaves[at] ?? "", { second, active: list[second] ?? 0, planned: ended ? 0 : 1 });
      }
      const most = sums.map((_, second) => Math.max(...sums.slice(0, second + 1)));
      expect(gauges(snapshot)).toEqual([
        Math.min(...sums),
        Math.max(...sums),
        sums.at(-1),
        most[0],
        most.at(-1),
        most.at(-1),
      ]);
    }),
  );
});
