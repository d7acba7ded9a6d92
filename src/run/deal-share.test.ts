import fc from "fast-check";
import { expect, test } from "vitest";
import { cutNamed, listVus, planTellingLoad, shareOf } from "../../test/support/shared-load.ts";
import { cutWindows, listWindowsBefore } from "../plan/cut-windows.ts";
import { packIndices } from "../plan/move-indices.ts";
import type { ArrivalPattern, ScenarioShare, Share } from "../protocol/plan.ts";
import { createShareDealer } from "./deal-share.ts";

const last = 24;
const plan = planTellingLoad("http://127.0.0.1:1/", {
  mode: "constant-arrival-rate",
  rate: 10,
  timeUnitMs: 1000,
  durationMs: 10_000,
  preAllocatedVus: 1,
  maxVus: last,
});

const belongs = (k: number, { from, to, period, offsets }: ArrivalPattern) =>
  k >= from && (to === null || k < to) && offsets.includes(k % period);
const sorted = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);
const windowsOf = (share: Share) => share.scenarios[0]?.arrivals ?? [];

/** Do the threads hold exactly what the slave holds? Below `from` no windows are compared. */
function expectPartition(parts: readonly Share[], share: Share, from: number): void {
  expect(sorted(parts.flatMap(listVus))).toEqual(listVus(share));
  for (let k = from; k < 150; k++) {
    const holders = parts.filter((part) => windowsOf(part).some((window) => belongs(k, window)));
    const held = windowsOf(share).some((window) => belongs(k, window));
    expect(holders.length, `event ${k}`).toBe(held ? 1 : 0);
  }
}

test("property: whatever is released and granted, the threads hold the share and keep what they held", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.array(
        fc.record({
          keep: fc.array(fc.boolean(), { minLength: last, maxLength: last }),
          gain: fc.array(fc.boolean(), { minLength: last, maxLength: last }),
          ahead: fc.integer({ min: 1, max: 15 }),
          extend: fc.integer({ min: 0, max: 5 }),
        }),
        { maxLength: 5 },
      ),
      (threads, moves) => {
        let share = cutNamed(plan, [1, 1])[0] as Share;
        const dealer = createShareDealer(plan, share, threads, () => last);
        let cut = 0;
        for (const { keep, gain, ahead, extend } of moves) {
          cut += ahead;
          const kept = shareOf({
            vus: packIndices(listVus(share).filter((index) => keep[index - 1])),
            arrivals: listWindowsBefore(windowsOf(share), cut),
          });
          const before = dealer.parts.map(listVus);
          const released = dealer.release(kept);
          expectPartition(released, kept, 0);
          // A cut that is put off: the same windows reach further.
          cut += extend;
          const further = shareOf({
            vus: kept.scenarios[0]?.vus ?? [],
            arrivals: listWindowsBefore(windowsOf(share), cut),
          });
          expectPartition(dealer.release(further), further, 0);
          const held = new Set(listVus(kept));
          const more = Array.from({ length: last }, (_, at) => at + 1).filter((index) => gain[index - 1]);
          for (const index of more) held.add(index);
          const stripe = cutWindows([{ from: cut, to: null, period: 1, offsets: [0] }], [held.size, 3])[0] ?? [];
          share = shareOf({
            vus: packIndices(sorted([...held])),
            arrivals: [...windowsOf(further), ...stripe],
            begun: more.map((index): [number, number] => [index, index * 2]),
          });
          const granted = dealer.grant(share);
          expectPartition(granted, share, 0);
          before.forEach((own, thread) => {
            const now = new Set(listVus(granted[thread] as Share));
            for (const index of own) if (listVus(kept).includes(index)) expect(now.has(index)).toBe(true);
          });
          for (const part of granted) {
            const begun = (part.scenarios[0] as ScenarioShare).begun ?? [];
            expect(begun.every(([vu, next]) => listVus(part).includes(vu) && next === vu * 2)).toBe(true);
          }
          expect(granted.flatMap((part) => part.scenarios[0]?.begun ?? [])).toHaveLength(more.length);
        }
      },
    ),
    { numRuns: 150 },
  );
});

test("new VUs go to the thread with the fewest", () => {
  const dealer = createShareDealer(plan, shareOf({ vus: packIndices([1, 2, 3, 4]) }), 2, () => last);
  const kept = listVus(dealer.parts[0] as Share);
  dealer.release(shareOf({ vus: packIndices(kept) }));
  const granted = dealer.grant(shareOf({ vus: packIndices(sorted([...kept, 5, 6, 7, 8])) }));
  expect(granted.map((part) => listVus(part).length)).toEqual([3, 3]);
});

test("nobody has a VU: the first thread has the events, so that they are dropped and counted", () => {
  const dealer = createShareDealer(plan, shareOf({}), 3, () => last);
  const window = { from: 4, to: null, period: 2, offsets: [1] };
  expect(dealer.grant(shareOf({ arrivals: [window] })).map(windowsOf)).toEqual([[window], [], []]);
});
