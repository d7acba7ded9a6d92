import { expect, test } from "vitest";
import { createFrame } from "../../test/support/stores.ts";
import type { Report } from "../protocol/report.ts";
import { createMemoryStore } from "../store/memory.ts";
import type { Store } from "../store/store.ts";
import { createLateFrames } from "./late-frames.ts";

const source = { executionId: "x", slaveId: "s0", incarnation: 1 };
const report = {
  late: { frames: 0, http_reqs: 0, iterations: 0 },
  lost: { iterations: 3, interval_ms: 1_000, estimated: false },
} as Report;

async function createEnded(): Promise<Store> {
  const store = createMemoryStore();
  const token = await store.acquire("x");
  await store.writeCheckpoint("x", { token, state: { sources: [["s0#1", {}]] } });
  await store.putDocument("x", "report", report);
  return store;
}

test("a master that dies as soon as a late frame is stored has counted it, and it is counted once", async () => {
  const store = await createEnded();
  const dead = new Promise<never>(() => undefined);
  const dying: Store = { ...store, putDocument: () => dead };
  void createLateFrames(dying).add(source, createFrame(1, 7));
  await expect.poll(() => store.readFrames("x")).toHaveLength(1);
  expect(await store.getDocument("x", "report")).toMatchObject({ late: { frames: 1, http_reqs: 7 } });
  expect(await createLateFrames(store).add(source, createFrame(1, 7))).toEqual({ outcome: "duplicate", high: 1 });
  expect(await store.getDocument("x", "report")).toMatchObject({ late: { frames: 1, http_reqs: 7 } });
});

test("late frames one behind the other, with a kill between: each that is stored is in the stored report", async () => {
  const store = await createEnded();
  const late = createLateFrames(store);
  const taken = await Promise.all([1, 2, 3].map((number) => late.add(source, createFrame(number, 7))));
  expect(taken.map((each) => each?.outcome)).toEqual(["appended", "appended", "appended"]);
  expect(await store.getDocument("x", "report")).toMatchObject({ late: { frames: 3, http_reqs: 21 } });
});

test("what comes of a source that nobody knows, or of an execution without a report, is not stored", async () => {
  const store = await createEnded();
  const late = createLateFrames(store);
  expect(await late.add({ ...source, incarnation: 2 }, createFrame(1))).toBeNull();
  expect(await late.add({ ...source, executionId: "y" }, createFrame(1))).toBeNull();
  expect(await store.readFrames("x")).toEqual([]);
});
