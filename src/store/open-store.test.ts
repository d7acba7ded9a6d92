import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { createFolder } from "../../test/support/workflows.ts";
import { EngineError } from "../errors.ts";
import { openStore } from "./open-store.ts";

async function failureOf(url: string, dataDir: string): Promise<EngineError> {
  const error = await openStore(url, dataDir).then(
    (store) => store.close(),
    (cause: unknown) => cause,
  );
  if (error instanceof EngineError) return error;
  throw new Error(`${url} was opened`);
}

test("memory: keeps nothing, sqlite: makes its folder and keeps what was written", async () => {
  const folder = join(createFolder(), "deep", "data");
  const memory = await openStore("memory:", folder);
  await memory.close();
  expect(existsSync(folder)).toBe(false);
  const store = await openStore("sqlite:", folder);
  await store.putDocument("x", "report", { passed: true });
  for (const file of ["store.db", "store.db-wal"]) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
  await store.close();
  expect(statSync(join(folder, "store.db")).isFile()).toBe(true);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  const again = await openStore("sqlite:./store.db", folder);
  onTestFinished(() => again.close());
  expect(await again.getDocument("x", "report")).toEqual({ passed: true });
});

test("a second master on the file is refused with a message, and the first one goes on", async () => {
  const folder = createFolder();
  const store = await openStore("sqlite:mine.db", folder);
  onTestFinished(() => store.close());
  const error = await failureOf("sqlite:mine.db", folder);
  expect(error.code).toBe("start_failed");
  expect(error.message).toBe(
    `cannot open the store ${join(folder, "mine.db")}: another process has it open; a store is for one master`,
  );
  expect(await store.acquire("x")).toBe(1);
});

test.each([
  ["redis://user:hunter2@db:6379", "this version has no redis: store; use memory: or sqlite:PATH"],
  ["/var/lib/x.db", '"/var/lib/x.db" is no store; use memory: or sqlite:PATH'],
  ["", '"" is no store; use memory: or sqlite:PATH'],
  ["memory:x", "memory: takes nothing behind it; use memory: or sqlite:PATH"],
])("%j is unsupported", async (url, message) => {
  const error = await failureOf(url, createFolder());
  expect(error).toMatchObject({ code: "unsupported", message, exitCode: 104 });
});

test("tables of an older version get what is new, and keep what is there", async () => {
  const folder = createFolder();
  const store = await openStore("sqlite:", folder);
  await store.putDocument("x", "report", { passed: true });
  await store.close();
  const older = new DatabaseSync(join(folder, "store.db"));
  older.exec("DROP TABLE receipt; DROP TABLE slave; PRAGMA user_version = 2");
  older.close();
  const again = await openStore("sqlite:", folder);
  onTestFinished(() => again.close());
  expect(await again.getDocument("x", "report")).toEqual({ passed: true });
  const receipt = { name: "n", caller: "c", fingerprint: "f", executionId: "x", expiresAt: 2, answer: null };
  expect(await again.claimReceipt(receipt, 1, { most: 1, mostOfCaller: 1 })).toEqual(receipt);
  await again.putSlave({ slaveId: "s", lastSeen: 1, known: null }, 0, 1);
  expect(await again.listSlaves()).toEqual([{ slaveId: "s", lastSeen: 1, known: null }]);
});

test("a file that is no store, or one of another version, is left as it is", async () => {
  const folder = createFolder();
  const text = "no database, but long enough to be looked at ".repeat(40);
  writeFileSync(join(folder, "text.db"), text);
  expect((await failureOf("sqlite:text.db", folder)).message).toContain("file is not a database");
  const other = new DatabaseSync(join(folder, "other.db"));
  other.exec("CREATE TABLE execution (id TEXT); PRAGMA user_version = 7");
  other.close();
  expect((await failureOf("sqlite:other.db", folder)).message).toContain(
    "its tables are of version 7, this engine's of version 5",
  );
  writeFileSync(join(folder, "plain"), "");
  expect((await failureOf("sqlite:plain/store.db", folder)).message).toContain("cannot make the folder of the store");
});
