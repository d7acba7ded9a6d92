import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { countPlanned, expectCounts, readReport } from "../support/accounts.ts";
import { type Cluster, startCluster, waitUntil } from "../support/cluster.ts";
import { countQuiet, startTestTarget, tellingHeaders } from "../support/counting-target.ts";

const timeout = 240_000;

function makeDataDir(): string {
  const folder = mkdtempSync(join(tmpdir(), "workflow-engine-master-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("a master killed in the middle and restarted within the leases: nothing lost, nothing doubled, the load never stopped", {
  timeout,
}, async () => {
  const target = await startTestTarget();
  // The master starts again within the leases, however long the machine takes for it.
  const cluster = await startCluster({ heartbeatTimeout: "60s", dataDir: makeDataDir() });
  // VUs for every start that a machine may be late for: none is dropped.
  await cluster.addSlave("a", { maxVus: 500 });
  await cluster.addSlave("b", { maxVus: 500 });
  const id = await cluster.submit({
    id: "restart",
    options: { rate: 100, duration: "15s", pre_allocated_vus: 1_000, http: { base_url: target.url } },
    steps: [{ id: "get", type: "http", config: { url: "/", headers: tellingHeaders } }],
  });
  await cluster.waitFor(id, ({ progress }) => (progress ?? 0) > 0.1);
  // While there is no master the load goes on, for two seconds' worth of starts at least.
  await cluster.restartMaster(0, async () => {
    const before = await target.count();
    await expect.poll(() => target.count()).toBeGreaterThan(before + 200);
  });
  await cluster.finish(id);
  const report = await expectCounts(cluster, id, target);
  expect(report).toMatchObject({ status: "completed", passed: true, late: { frames: 0 }, lost: { iterations: 0 } });
  expect(report.events.map(({ type }) => type)).toEqual(["started", "owner_changed"]);
  expect(countPlanned(report)).toBe(1_500);
  const arrivals = await target.list();
  expect(arrivals.length).toBe(1_500);
  expect(new Set(arrivals.map(({ iteration }) => iteration)).size).toBe(1_500);
});

test("a master that was away for longer than the leases ends the execution with the truth in its record", {
  timeout,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster({ heartbeatTimeout: "4s", dataDir: makeDataDir() });
  await cluster.addSlave("a");
  const id = await cluster.submit({
    id: "away",
    options: { vus: 5, duration: "10m", think_time: "50ms", http: { base_url: target.url } },
    steps: [{ id: "get", type: "http", config: { url: "/" } }],
  });
  await cluster.waitFor(id, ({ active_vus }) => active_vus === 5);
  await cluster.restartMaster(8_000);
  await cluster.finish(id);
  const report = await expectCounts(cluster, id, target);
  expect(report).toMatchObject({ status: "failed", passed: false, degraded: true, reason: "slaves_lost" });
});

test("a master that was frozen for longer than the leases goes on with its slaves: nobody lost, nothing doubled", {
  timeout,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster({ heartbeatTimeout: "6s" });
  for (const slave of ["a", "b"]) await cluster.addSlave(slave);
  const id = await cluster.submit({
    id: "frozen",
    options: { vus: 20, duration: "10m", think_time: "50ms", http: { base_url: target.url } },
    steps: [{ id: "get", type: "http", config: { url: "/", headers: tellingHeaders } }],
  });
  await cluster.waitFor(id, ({ active_vus }) => active_vus === 20);
  const { child } = cluster.master;
  child.kill("SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 9_000));
  const stood = await countQuiet(target);
  child.kill("SIGCONT");
  await expect.poll(() => target.count(), { timeout: 60_000 }).toBeGreaterThan(stood + 200);
  await cluster.call("DELETE", `/executions/${id}`);
  await cluster.finish(id);
  const report = await expectCounts(cluster, id, target);
  expect(report).toMatchObject({ status: "aborted", reason: "stopped_by_api", degraded: true, late: { frames: 0 } });
  const told = report.events.map(({ type, slave_id }) => [type, slave_id ?? ""].join(" "));
  expect(told.toSorted()).toEqual(["started ", "stopped ", "suspended ", "suspended a", "suspended b"]);
});

test("frames that come after the end and a restart of the master are late, each once", {
  timeout,
}, async () => {
  const target = await startTestTarget(20);
  const cluster = await startCluster({ heartbeatTimeout: "6s", dataDir: makeDataDir() });
  await cluster.addSlave("a");
  const b = await cluster.addSlave("b");
  const id = await cluster.submit({
    id: "late",
    options: { mode: "per-vu-iterations", vus: 10, iterations: 200, http: { base_url: target.url } },
    steps: [{ id: "get", type: "http", config: { url: "/" } }],
  });
  await cluster.waitFor(id, ({ slave_states }) => (slave_states["b"]?.iterations ?? 0) > 0);
  b.child.kill("SIGSTOP");
  const first = await cluster.finish(id);
  expect(countPlanned(first)).toBe(2_000);
  expect(first).toMatchObject({ degraded: true, late: { frames: 0 } });
  await cluster.restartMaster(100);
  b.child.kill("SIGCONT");
  await waitUntil(
    async () => (await readReport(cluster, id)).lost.iterations < first.lost.iterations,
    30_000,
    () => `${first.lost.iterations} iterations were lost before b went on, and no less afterwards`,
  );
  const report = await expectCounts(cluster, id, target);
  expect(report.late.frames).toBeGreaterThan(0);
  expect({ ...report, late: null, lost: null }).toEqual({ ...first, late: null, lost: null });
});

test("a master that starts again knows the slaves that are away, as they were; one that comes back is online", {
  timeout,
}, async () => {
  const cluster = await startCluster({ heartbeatTimeout: "6s", dataDir: makeDataDir() });
  await cluster.addSlave("a");
  const gone = await cluster.addSlave("gone", { maxVus: 7, args: ["--labels", "zone=c"] });
  gone.child.kill("SIGKILL");
  await waitUntil(
    async () => (await stateOf(cluster, "gone")) === "offline",
    30_000,
    () => "gone is still listed as online",
  );
  await cluster.restartMaster(100);
  const { body } = await cluster.call("GET", "/slaves/gone");
  expect(body).toMatchObject({ id: "gone", max_vus: 7, labels: { zone: "c" }, status: { state: "offline" } });
  const refused = await cluster.call("POST", "/workflows", {
    id: "named",
    options: { vus: 1, iterations: 1, target_slaves: { mode: "manual", slave_ids: ["gone"] } },
    steps: [{ id: "wait", type: "sleep", config: { duration: "1ms" } }],
  });
  expect(refused).toMatchObject({
    status: 409,
    body: { error: "scheduling_failed", message: "slave is not online: gone" },
  });
  await cluster.addSlave("gone");
  expect(await stateOf(cluster, "gone")).toBe("online");
});

async function stateOf(cluster: Cluster, id: string): Promise<unknown> {
  return ((await cluster.call("GET", `/slaves/${id}`)).body.status as { state?: unknown }).state;
}
