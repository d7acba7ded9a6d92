import { copyFileSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { countRequests, expectCounts } from "../support/accounts.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
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

const steps = [{ id: "get", type: "http", config: { url: "/" } }];
const loading = { vus: 4, duration: "10m", think_time: "20ms" };

/** Starts a load on two slaves and copies the store under it; `restart` starts the master on that copy. */
async function loadAndCopy(rounds: number) {
  const [target, other] = [await startTestTarget(), await startTestTarget()];
  const [dataDir, folder] = [makeFolder(), makeFolder()];
  // Nobody's lease ends while the master is away, however slow its start.
  const cluster = await startCluster({ heartbeatTimeout: "60s", dataDir });
  await cluster.addSlave("a");
  await cluster.addSlave("b");
  const http = { base_url: target.url };
  const ended = await cluster.submit({
    id: "以前",
    options: { iterations: 20, vus: 2, http: { base_url: other.url } },
    steps,
  });
  const before = await cluster.finish(ended);
  const id = await cluster.submit({ id: "running", options: { ...loading, http }, steps });
  const waitForMore = async () => {
    const from = await countTold(cluster, id);
    await expect.poll(() => countTold(cluster, id)).toBeGreaterThan(from + 200);
  };
  await waitForMore();

  const file = join(folder, "store.db");
  for (let round = 0; round < rounds; round++) {
    const { code, stdout, stderr } = await backUp(cluster.url, file);
    expect([code, stderr, stdout]).toEqual([0, "", expect.stringMatching(/^\/.*store\.db: [\d.]+ kB\n$/)]);
    expect(checkIntegrity(file)).toEqual([{ integrity_check: "ok" }]);
  }
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect([readdirSync(folder), readdirSync(join(dataDir, "backups"))]).toEqual([["store.db"], []]);
  await waitForMore();
  const restart = () =>
    cluster.restartMaster(500, () => {
      for (const name of readdirSync(dataDir)) if (name.startsWith("store.db")) rmSync(join(dataDir, name));
      copyFileSync(file, join(dataDir, "store.db"));
    });
  return { target, cluster, id, ended, before, waitForMore, restart };
}

/** Iterations that the master was told of. */
async function countTold(cluster: Cluster, id: string): Promise<number> {
  return (await cluster.metrics(id)).total_iterations;
}

test("copies taken under load are whole; a master on one has what had ended, and what runs goes on to the last request", {
  timeout: 400_000,
}, async () => {
  const { target, cluster, id, ended, before, waitForMore, restart } = await loadAndCopy(5);
  await restart();
  const { body } = await cluster.call("GET", "/executions");
  expect((body["executions"] as { readonly id: string }[]).map((each) => each.id)).toEqual([id, ended]);
  expect((await cluster.call("GET", `/executions/${ended}/report`)).body).toEqual(before);
  // The slaves still have what they had told after the copy was taken.
  await waitForMore();
  expect((await cluster.call("DELETE", `/executions/${id}`)).status).toBe(200);
  const report = await cluster.finish(id);
  expect([report.status, report.degraded, report.lost.iterations, report.late.frames]).toEqual([
    "aborted",
    false,
    0,
    0,
  ]);
  expect(countRequests(report)).toBe(await target.count());
});

test("a master on a copy from before a move of VUs ends the execution at once, and what was measured is counted", {
  timeout: 400_000,
}, async () => {
  const { target, cluster, id, waitForMore, restart } = await loadAndCopy(1);
  expect((await cluster.call("POST", "/slaves/b/drain")).status).toBe(200);
  await cluster.waitFor(id, ({ slave_states: states }) => states["b"]?.vus === 0);
  await waitForMore();
  await restart();
  const report = await cluster.finish(id, 30_000);
  expect([report.status, report.reason, report.degraded]).toEqual(["failed", "slaves_lost", true]);
  expect(report.events.map(({ message }) => message)).toContain(
    "the master's store is older than what its slaves were told: who holds what is not known any more",
  );
  await expectCounts(cluster, id, target);
  const isIdle = async () => {
    const { body } = await cluster.call("GET", "/slaves");
    return (body["slaves"] as { readonly status: { readonly active_vus: number } }[]).map(
      ({ status }) => status.active_vus,
    );
  };
  await expect.poll(isIdle).toEqual([0, 0]);
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
