import { copyFileSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { countPlanned, countRequests } from "../support/accounts.ts";
import { startCluster } from "../support/cluster.ts";
import { startCommand } from "../support/command.ts";
import { startTestTarget } from "../support/counting-target.ts";

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "we-backup-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function backUp(url: string, file: string, ...more: readonly string[]) {
  return startCommand(["master", "backup", "--address", url, "--out", file, ...more], { deadlineMs: 100_000 }).finished;
}

/** What SQLite finds wrong with a file. */
function checkIntegrity(file: string): unknown {
  const database = new DatabaseSync(file);
  try {
    return database.prepare("PRAGMA integrity_check").all();
  } finally {
    database.close();
  }
}

test("copies taken under load are whole; a master on one has what had ended, and what ran ends", {
  timeout: 400_000,
}, async () => {
  const target = await startTestTarget();
  const [dataDir, folder] = [makeFolder(), makeFolder()];
  const cluster = await startCluster({ heartbeatTimeout: "4s", dataDir });
  await cluster.addSlave("a");
  await cluster.addSlave("b");
  const steps = [{ id: "get", type: "http", config: { url: "/" } }];
  const http = { base_url: target.url };
  const ended = await cluster.submit({ id: "以前", options: { iterations: 20, vus: 2, http }, steps });
  const before = await cluster.finish(ended);
  const id = await cluster.submit({
    id: "running",
    options: { rate: 80, duration: "30s", pre_allocated_vus: 200, http },
    steps,
  });
  await cluster.waitFor(id, ({ progress }) => (progress ?? 0) > 0.1);

  const file = join(folder, "store.db");
  for (let round = 0; round < 5; round++) {
    const { code, stdout, stderr } = await backUp(cluster.url, file);
    expect([code, stderr, stdout]).toEqual([0, "", expect.stringMatching(/^\/.*store\.db: [\d.]+ kB\n$/)]);
    expect(checkIntegrity(file)).toEqual([{ integrity_check: "ok" }]);
  }
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect([readdirSync(folder), readdirSync(join(dataDir, "backups"))]).toEqual([["store.db"], []]);
  await cluster.waitFor(id, ({ progress }) => (progress ?? 0) > 0.5);

  await cluster.restartMaster(500, () => {
    for (const name of readdirSync(dataDir)) if (name.startsWith("store.db")) rmSync(join(dataDir, name));
    copyFileSync(file, join(dataDir, "store.db"));
  });
  const { body } = await cluster.call("GET", "/executions");
  expect((body["executions"] as { readonly id: string }[]).map((each) => each.id)).toEqual([id, ended]);
  expect((await cluster.call("GET", `/executions/${ended}/report`)).body).toEqual(before);
  const report = await cluster.finish(id);
  // What the slaves had told after the copy was taken is gone with the store it was in: it counts as lost, and is no less.
  expect([report.degraded, countPlanned(report)]).toEqual([true, 2_400]);
  expect(report.lost.iterations).toBeGreaterThan(0);
  expect(countRequests(report)).toBeLessThanOrEqual(await target.count());
});

test("what cannot be copied, or written, is said and leaves nothing", { timeout: 240_000 }, async () => {
  const folder = makeFolder();
  const cluster = await startCluster();
  const inMemory = await backUp(cluster.url, join(folder, "a.db"));
  expect([inMemory.code, inMemory.stderr]).toEqual([
    1,
    "error: this master keeps its executions in memory: there is no file to copy\nstart it with --store sqlite:\n",
  ]);
  const nowhere = await backUp(cluster.url, join(folder, "none", "a.db"), "--json");
  expect([nowhere.code, JSON.parse(nowhere.stdout)]).toMatchObject([
    1,
    { error: "unwritable_output", message: expect.stringContaining("a.db: no such file or directory") },
  ]);
  expect((await backUp(cluster.url, folder)).stderr).toContain(`cannot write ${folder}: it is no file`);
  const unreachable = await backUp("http://127.0.0.1:1", join(folder, "a.db"));
  expect([unreachable.code, unreachable.stderr]).toEqual([1, expect.stringContaining("the connection was refused")]);
  expect(readdirSync(folder)).toEqual([]);
});
