import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createFolder } from "../../../test/support/workflows.ts";
import { EngineError } from "../../errors.ts";
import { mayPass } from "../store.ts";
import { openSqliteStore } from "./store.ts";

const pageSize = 4_096;

/** Makes the chain of pages that hold a long text lead nowhere. */
function damage(path: string, letter: string): void {
  const file = readFileSync(path);
  const full = Buffer.alloc(pageSize - 4, letter);
  for (let at = 0; at < file.length; at += pageSize) {
    if (!file.subarray(at + 4, at + pageSize).equals(full)) continue;
    file.writeUInt32BE(0xffffffff, at);
    writeFileSync(path, file);
    return;
  }
  throw new Error("there is no page of it");
}

test("what is damaged in the file cannot be read at any time; what it held up beside it can be done again", async () => {
  const path = join(createFolder(), "store.db");
  const written = await openSqliteStore(path);
  await written.putDocument("whole", "logs", "w".repeat(100_000));
  await written.putDocument("damaged", "logs", "d".repeat(100_000));
  await written.close();
  damage(path, "d");

  const store = await openSqliteStore(path);
  onTestFinished(() => store.close());
  const calls = [
    store.getDocument("damaged", "logs"),
    store.getDocument("whole", "logs"),
    store.putDocument("new", "logs", "n"),
  ];
  const errors = await Promise.all(
    calls.map((call) =>
      call.then(
        () => null,
        (error: unknown) => error,
      ),
    ),
  );
  expect(errors[0]).toMatchObject({ message: expect.stringContaining("has it and cannot read it: ") });
  expect(errors.map((error) => error === null || mayPass(error))).toEqual([false, true, true]);
  expect(String(await store.getDocument("whole", "logs")).length).toBe(100_000);
  await store.putDocument("new", "logs", "n");
  expect(await store.getDocument("new", "logs")).toBe("n");
});

test("what a store was unable to do may pass", () => {
  expect(mayPass(new EngineError("internal_error", "the store failed: disk I/O error"))).toBe(true);
});

test("a write that fails takes the writes beside it with it, and no read", async () => {
  const store = await openSqliteStore(join(createFolder(), "store.db"));
  onTestFinished(() => store.close());
  await store.putDocument("x", "logs", "before");
  const outcomes = await Promise.allSettled([
    store.getDocument("x", "logs"),
    store.putDocument("x", "logs", "after"),
    store.listSlaves(),
    // No id: the table takes none.
    store.putDocument(null as unknown as string, "logs", "nobody's"),
    store.getDocument("x", "logs"),
  ]);
  expect(outcomes.map((outcome) => (outcome.status === "fulfilled" ? outcome.value : "refused"))).toEqual([
    "before",
    "refused",
    [],
    "refused",
    "before",
  ]);
});
