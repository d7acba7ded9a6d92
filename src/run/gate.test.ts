import { expect, onTestFinished, test } from "vitest";
import { createTurnedClock } from "../../test/support/turned-clock.ts";
import { createGate } from "./gate.ts";
import { createLeaseMemory, createLeasePermit, readDeadline, setSuspended, writeLease } from "./lease-memory.ts";

function makeGate() {
  const clock = createTurnedClock(1000);
  const memory = createLeaseMemory();
  const seen: (readonly [string, number])[] = [];
  const permit = createLeasePermit(memory, clock, () => null);
  const gate = createGate(clock, permit, () => readDeadline(memory), {
    onShut: () => seen.push(["shut", clock.now()]),
    onOpened: () => seen.push(["opened", clock.now()]),
  });
  onTestFinished(() => gate.close());
  return { clock, memory, permit, gate, seen };
}

test("nothing may start before the first lease, and until either deadline after it", () => {
  const { clock, memory, permit } = makeGate();
  expect(permit.maySend(1000)).toBe(false);
  writeLease(memory, 1500, clock.wall() + 100);
  expect([permit.maySend(1499), permit.maySend(1500)]).toEqual([true, false]);
  writeLease(memory, 1500, clock.wall());
  expect(permit.maySend(1000)).toBe(false);
  writeLease(memory, 1500, clock.wall() + 1);
  setSuspended(memory, true);
  expect(permit.maySend(1000)).toBe(false);
  setSuspended(memory, false);
  expect(permit.maySend(1000)).toBe(true);
});

test("the gate shuts when the lease ends, without being asked, and opens when it is renewed", async () => {
  const { clock, memory, gate, seen } = makeGate();
  writeLease(memory, 1100, clock.wall() + 10_000);
  gate.watch();
  await clock.turn(50);
  writeLease(memory, 1200, clock.wall() + 10_000);
  await clock.turn(250);
  expect(seen).toEqual([["shut", 1200]]);
  expect(gate.isOpen(clock.now())).toBe(false);
  writeLease(memory, 2000, clock.wall() + 10_000);
  expect(gate.isOpen(clock.now())).toBe(false);
  await clock.turn(25);
  expect(seen.slice(1)).toEqual([["opened", 1320]]);
  expect(gate.isOpen(clock.now())).toBe(true);
});

test("whoever asks after the end shuts it at once", () => {
  const { clock, memory, gate, seen } = makeGate();
  writeLease(memory, 1100, clock.wall() + 10_000);
  expect([gate.isOpen(1099), gate.isOpen(1100), gate.isOpen(1101)]).toEqual([true, false, false]);
  expect(seen).toEqual([["shut", 1000]]);
});

test("a suspended lease stays shut however long it is, until it goes on", async () => {
  const { clock, memory, gate, seen } = makeGate();
  writeLease(memory, 9000, clock.wall() + 9000);
  gate.watch();
  setSuspended(memory, true);
  gate.watch();
  await clock.turn(500);
  setSuspended(memory, false);
  gate.watch();
  expect(seen).toEqual([
    ["shut", 1000],
    ["opened", 1500],
  ]);
  gate.close();
  expect(clock.pending).toBe(0);
});
