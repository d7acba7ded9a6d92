import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createFrame } from "../../test/support/stores.ts";
import { createFolder } from "../../test/support/workflows.ts";
import type { Report } from "../protocol/report.ts";
import { createMemoryStore } from "../store/memory.ts";
import { openSqliteStore } from "../store/sqlite/store.ts";
import type { Store } from "../store/store.ts";
import { createLateFrames } from "./late-frames.ts";

const source = { executionId: "x", slaveId: "s0", incarnation: 1 };
const report = {
  late: { frames: 0, http_reqs: 0, iterations: 0 },
  lost: { iterations: 3, interval_ms: 1_000, estimated: false },
} as Report;

async function createEnded(store: Store = createMemoryStore()): Promise<Store> {
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

test("kill -9 anywhere between late frames that follow one another at once: the stored report has those that are stored", {
  timeout: 180_000,
}, async () => {
  const path = join(createFolder(), "store.db");
  const prepared = await createEnded(await openSqliteStore(path));
  await prepared.close();
  const moduleOf = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
  const script = `
    import { createLateFrames } from ${moduleOf("./late-frames.ts")};
    import { openSqliteStore } from ${moduleOf("../store/sqlite/store.ts")};
    import { createFrame } from ${moduleOf("../../test/support/stores.ts")};
    const late = createLateFrames(await openSqliteStore(${JSON.stringify(path)}));
    for (let number = 1; ; number += 2) {
      const pair = [number, number + 1].map((each) => late.add(${JSON.stringify(source)}, createFrame(each, 7)));
      await Promise.all(pair);
      console.log(number + 1);
    }`;
  let stored = 0;
  for (let kill = 0; kill < 3; kill++) {
    const child = spawn(
      process.execPath,
      ["--input-type=module-typescript", "-e", script.replace("number = 1", `number = ${stored + 1}`)],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child.stdout, "data");
    await new Promise((resolve) => setTimeout(resolve, kill * 15));
    child.kill("SIGKILL");
    await once(child, "close");
    const store = await openSqliteStore(path);
    const before = stored;
    stored = (await store.readFrames("x")).length;
    expect(stored).toBeGreaterThan(before);
    expect(await store.getDocument("x", "report")).toMatchObject({ late: { frames: stored, http_reqs: 7 * stored } });
    await store.close();
  }
});
