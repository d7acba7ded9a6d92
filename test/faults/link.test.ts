import { expect, onTestFinished, test } from "vitest";
import type { Report } from "../../src/protocol/report.ts";
import { expectCounts } from "../support/accounts.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { type CountingTarget, startTestTarget, tellingHeaders } from "../support/counting-target.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";

/** A slave whose way to its master leads through a proxy. */
async function startBehindProxy(): Promise<{ cluster: Cluster; target: CountingTarget; proxy: TcpProxy }> {
  const target = await startTestTarget();
  // A machine that is late ends no lease of so long.
  const cluster = await startCluster({ heartbeatTimeout: "60s" });
  const proxy = await startTcpProxy(Number(new URL(cluster.url).port));
  onTestFinished(() => proxy.close());
  await cluster.addSlave("far", { master: `127.0.0.1:${proxy.port}`, maxVus: 20 });
  return { cluster, target, proxy };
}

/** Begins a load that goes on until it is stopped. */
async function submit(cluster: Cluster, target: CountingTarget): Promise<string> {
  const id = await cluster.submit({
    options: { vus: 20, duration: "10m", think_time: "50ms" },
    steps: [{ id: "get", type: "http", config: { url: `${target.url}/get`, headers: tellingHeaders } }],
  });
  await cluster.waitFor(id, ({ active_vus }) => active_vus === 20);
  return id;
}

/** Waits until so many more requests have come, and stops the load; gives the report. */
async function stopAfter(cluster: Cluster, target: CountingTarget, id: string, more: number): Promise<Report> {
  const before = await target.count();
  await expect.poll(() => target.count()).toBeGreaterThan(before + more);
  await cluster.call("DELETE", `/executions/${id}`);
  await cluster.finish(id);
  const report = await expectCounts(cluster, id, target);
  expect(report).toMatchObject({ status: "aborted", reason: "stopped_by_api", degraded: false, late: { frames: 0 } });
  return report;
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const timeout = 240_000;

test("resets in the middle of a run lose no frame and double none", { timeout }, async () => {
  const { cluster, target, proxy } = await startBehindProxy();
  const id = await submit(cluster, target);
  for (let times = 0; times < 6; times++) {
    proxy.reset();
    // Any moment of a second: frames go out once a second.
    await wait(170 + times * 137);
  }
  await stopAfter(cluster, target, id, 300);
  const vus = new Set((await target.list()).map(({ vu }) => vu));
  expect(vus.size).toBe(20);
});

test("a slow link delays what is known and nothing else", { timeout }, async () => {
  const { cluster, target, proxy } = await startBehindProxy();
  const id = await submit(cluster, target);
  proxy.delay(300);
  const { events } = await stopAfter(cluster, target, id, 1_000);
  expect(events.map(({ type }) => type)).toEqual(["started", "stopped"]);
});

test("a cut within the lease is bridged: the load goes on, its frames come afterwards", { timeout }, async () => {
  const { cluster, target, proxy } = await startBehindProxy();
  const id = await submit(cluster, target);
  proxy.blackHole();
  const before = await target.count();
  await expect.poll(() => target.count()).toBeGreaterThan(before + 300);
  proxy.pass();
  await stopAfter(cluster, target, id, 100);
});
