import { expect, test } from "vitest";
import { computeLeaseTimes } from "./lease-times.ts";
import { createSlaveLease, knowsOwnerClock, mayStart, noteHeartbeat, renewLease } from "./slave-lease.ts";

test("the times follow from the heartbeat timeout", () => {
  for (const [timeoutMs, intervalMs, renewMs, lengthMs] of [
    [2_000, 5_000, 400, 1_500],
    [5_000, 1_000, 1_000, 4_500],
    [30_000, 5_000, 5_000, 27_000],
    [30_000, 10_000, 6_000, 27_000],
  ] as const) {
    expect(computeLeaseTimes(timeoutMs, intervalMs)).toEqual({ timeoutMs, renewMs, lengthMs });
  }
});

const times = computeLeaseTimes(5_000, 1_000);
const at = (now: number, wall = now) => ({ now, wall });

test("nothing starts before the first answer, nor for longer than L after the answered heartbeat was sent", () => {
  const lease = createSlaveLease(times);
  const first = noteHeartbeat(lease, at(100));
  expect(mayStart(lease, at(100))).toBe(false);
  renewLease(lease, first, 0, at(1_600));
  expect(mayStart(lease, at(4_599))).toBe(true);
  expect(mayStart(lease, at(4_600))).toBe(false);
});

test("an answer that comes late, twice or out of order never shortens the lease", () => {
  const lease = createSlaveLease(times);
  const first = noteHeartbeat(lease, at(0));
  const second = noteHeartbeat(lease, at(1_000));
  renewLease(lease, second, 0, at(1_100));
  renewLease(lease, first, 0, at(1_200));
  renewLease(lease, 99, 0, at(1_300));
  expect(lease.deadline).toBe(5_500);
});

test("a machine that was suspended finds its lease over by the epoch clock", () => {
  const lease = createSlaveLease(times);
  renewLease(lease, noteHeartbeat(lease, at(0, 1_000_000)), 0, at(10, 1_000_010));
  expect(mayStart(lease, at(50, 1_004_499))).toBe(true);
  expect(mayStart(lease, at(60, 1_004_500))).toBe(false);
});

test("the first answers ask for the next heartbeat at once, the latest only, and then no more", () => {
  const lease = createSlaveLease(times);
  const answered = [];
  for (let now = 0; now < 6; now++) {
    const sequence = noteHeartbeat(lease, at(now));
    answered.push(renewLease(lease, sequence, 0, at(now)), renewLease(lease, sequence - 1, 0, at(now)));
  }
  expect(answered).toEqual([true, false, true, false, true, false, false, false, false, false, false, false]);
});

test("the owner's clock is taken from the answer that took least time", () => {
  const lease = createSlaveLease(times);
  renewLease(lease, noteHeartbeat(lease, at(0, 10_000)), 15_400, at(600, 10_600));
  expect(lease.offsetMs).toBe(5_100);
  renewLease(lease, noteHeartbeat(lease, at(1_000, 11_000)), 16_010, at(1_020, 11_020));
  expect(lease.offsetMs).toBe(5_000);
  renewLease(lease, noteHeartbeat(lease, at(2_000, 12_000)), 17_900, at(2_900, 12_900));
  expect(lease.offsetMs).toBe(5_000);
});

test("answers that waited for an owner that stood still do not tell its clock; a round trip, or many on a long line, do", () => {
  const frozen = createSlaveLease(times);
  const waiting = Array.from({ length: 5 }, (_, second) => noteHeartbeat(frozen, at(second * 600)));
  for (const sequence of waiting) renewLease(frozen, sequence, 0, at(3_000));
  expect(knowsOwnerClock(frozen)).toBe(false);
  renewLease(frozen, noteHeartbeat(frozen, at(3_001)), 0, at(3_011));
  expect([knowsOwnerClock(frozen), frozen.shortestMs]).toEqual([true, 10]);

  const far = createSlaveLease(times);
  const known = Array.from({ length: 5 }, (_, trip) => {
    renewLease(far, noteHeartbeat(far, at(trip * 1_000)), 0, at(trip * 1_000 + 700));
    return knowsOwnerClock(far);
  });
  expect(known).toEqual([false, false, false, true, true]);

  // Each answer comes after the next heartbeat.
  const farther = createSlaveLease(times);
  const learnt = Array.from({ length: 10 }, (_, second) => {
    const sequence = noteHeartbeat(farther, at(second * 1_000));
    renewLease(farther, sequence - 1, 0, at(second * 1_000 + 500));
    return knowsOwnerClock(farther);
  });
  renewLease(farther, farther.sequence, 0, at(10_500));
  expect([learnt.includes(true), knowsOwnerClock(farther)]).toEqual([false, true]);
});
