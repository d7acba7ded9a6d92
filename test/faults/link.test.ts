import { expect, onTestFinished, test } from "vitest";
import { countRequests, expectCounts } from "../support/accounts.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { type CountingTarget, startTestTarget, tellingHeaders } from "../support/counting-target.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";

/** A slave whose way to its master leads through a proxy. */
async function startBehindProxy(): Promise<{ cluster: Cluster; target: CountingTarget; proxy: TcpProxy }> {
  const target = await startTestTarget();
  // Leases of 4.5 s: a machine that is late ends none.
  const cluster = await startCluster({ heartbeatTimeout: "6s" });
  const proxy = await startTcpProxy(Number(new URL(cluster.url).port));
  onTestFinished(() => proxy.close());
  await cluster.addSlave("far", { master: `127.0.0.1:${proxy.port}`, maxVus: 20 });
  return { cluster, target, proxy };
}

async function submit(cluster: Cluster, target: CountingTarget, duration: string): Promise<string> {
  const id = await cluster.submit({
    options: { vus: 20, duration, think_time: "50ms" },
    steps: [{ id: "get", type: "http", config: { url: `${target.url}/get`, headers: tellingHeaders } }],
  });
  await cluster.waitFor(id, ({ active_vus }) => active_vus === 20);
  return id;
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test("resets in the middle of a run lose no frame and double none", { timeout: 60_000 }, async () => {
  const { cluster, target, proxy } = await startBehindProxy();
  const id = await submit(cluster, target, "8s");
  for (let times = 0; times < 6; times++) {
    proxy.reset();
    // Any moment of a second: frames go out once a second.
    await wait(170 + times * 137);
  }
  const report = await cluster.finish(id);
  await expectCounts(cluster, id, target);
  expect(report).toMatchObject({ status: "completed", degraded: false, late: { frames: 0 } });
  expect(countRequests(report)).toBe(await target.count());
  const vus = new Set((await target.list()).map(({ vu }) => vu));
  expect(vus.size).toBe(20);
});

test("a slow link delays what is known and nothing else", { timeout: 60_000 }, async () => {
  const { cluster, target, proxy } = await startBehindProxy();
  const id = await submit(cluster, target, "6s");
  proxy.delay(300);
  const report = await cluster.finish(id);
  expect(report).toMatchObject({ status: "completed", degraded: false });
  expect(countRequests(report)).toBe(await target.count());
});

test("a cut within the lease is bridged: the load goes on, its frames come afterwards", {
  timeout: 60_000,
}, async () => {
  const { cluster, target, proxy } = await startBehindProxy();
  const id = await submit(cluster, target, "8s");
  proxy.blackHole();
  const before = await target.count();
  await expect.poll(() => target.count()).toBeGreaterThan(before + 300);
  proxy.pass();
  const report = await cluster.finish(id);
  await expectCounts(cluster, id, target);
  expect(report).toMatchObject({ status: "completed", degraded: false, late: { frames: 0 } });
});
