import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createFrame } from "../../../test/support/stores.ts";
import { createFolder } from "../../../test/support/workflows.ts";
import { openSqliteStore } from "./store.ts";

const source = { executionId: "x", slaveId: "s", incarnation: 1 };

/** A store of some 20 MiB, so that a copy takes many steps. */
async function openFilled(folder: string) {
  const store = await openSqliteStore(join(folder, "store.db"));
  onTestFinished(() => store.close());
  for (let each = 0; each < 20; each++) await store.putDocument(`x${each}`, "logs", "x".repeat(1_000_000));
  return store;
}

test("a copy holds all that was durable before, and the store goes on meanwhile", async () => {
  const folder = createFolder();
  const store = await openFilled(folder);
  const copy = join(folder, "copy.db");
  let number = 0;
  for (; number < 10; ) await store.appendFrame(source, createFrame(++number));
  let isDone = false;
  const copied = store.backup(copy).finally(() => (isDone = true));
  await expect(store.backup(join(folder, "other.db"))).rejects.toThrow("another copy of the store is being made");
  const during: string[] = [];
  while (!isDone) during.push((await store.appendFrame(source, createFrame(++number))).outcome);
  await copied;
  expect(new Set(during)).toEqual(new Set(["appended"]));
  expect((await store.readFrames("x")).length).toBe(number);

  const restored = await openSqliteStore(copy);
  onTestFinished(() => restored.close());
  const numbers = (await restored.readFrames("x")).map(({ frame }) => frame.number);
  expect(numbers.length).toBeGreaterThanOrEqual(10);
  expect(numbers).toEqual(numbers.map((_, at) => at + 1));
  expect(await restored.getDocument("x19", "logs")).toBe("x".repeat(1_000_000));
});

test("a close gives a copy up; a place that cannot be written rejects, and the next copy succeeds", async () => {
  const folder = createFolder();
  const store = await openFilled(folder);
  await expect(store.backup(join(folder, "none", "copy.db"))).rejects.toThrow("unable to open database file");
  const second = join(folder, "second.db");
  await store.backup(second);
  expect(existsSync(second)).toBe(true);
  const copying = store.backup(join(folder, "third.db"));
  const [given] = await Promise.allSettled([copying, store.close()]);
  expect(given).toMatchObject({ status: "rejected", reason: { message: expect.stringContaining("closed") } });
});
