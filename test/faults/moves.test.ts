import { expect, test } from "vitest";
import { countPlanned, expectCounts, readReport } from "../support/accounts.ts";
import { startCluster, waitUntil } from "../support/cluster.ts";
import { startTestTarget, tellingHeaders } from "../support/counting-target.ts";

const steps = [{ id: "get", type: "http", config: { url: "/", headers: tellingHeaders } }];

test("the number of an iteration never comes twice, whoever is drained or killed, and what was lost is told", {
  timeout: 60_000,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster();
  await cluster.addSlave("a");
  await cluster.addSlave("b");
  const c = await cluster.addSlave("c");
  const thresholds = [{ metric: "lost_iterations", condition: "count < 1" }];
  const id = await cluster.submit({
    id: "numbers",
    options: { vus: 12, duration: "8s", think_time: "10ms", thresholds, http: { base_url: target.url } },
    steps,
  });
  await cluster.waitFor(id, ({ progress }) => (progress ?? 0) > 0.25);
  await cluster.call("POST", "/slaves/a/drain");
  c.child.kill("SIGKILL");
  const report = await cluster.finish(id);
  const arrivals = await target.list();
  expect(new Set(arrivals.map(({ iteration }) => iteration)).size).toBe(arrivals.length);
  expect(report.lost.iterations).toBeGreaterThan(0);
  expect(report.thresholds).toMatchObject([{ passed: false, value: report.lost.iterations }]);
});

test("after a loss the survivors start the lost one's arrivals, and every event is in the account", {
  timeout: 60_000,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster();
  await cluster.addSlave("a");
  await cluster.addSlave("b");
  const c = await cluster.addSlave("c");
  const id = await cluster.submit({
    id: "arrivals",
    options: { rate: 60, duration: "12s", pre_allocated_vus: 12, http: { base_url: target.url } },
    steps,
  });
  await cluster.waitFor(id, ({ progress }) => (progress ?? 0) > 0.25);
  c.child.kill("SIGKILL");
  const report = await cluster.finish(id);
  expect(countPlanned(report)).toBe(720);
  // H, and a second for the cut; from then on the rate is whole.
  const arrivals = await target.list();
  const last = arrivals.at(-1)?.at ?? 0;
  const atTheEnd = arrivals.filter(({ at }) => at > last - 3_000);
  expect(atTheEnd.length).toBeGreaterThanOrEqual(175);
  expect(atTheEnd.length).toBeLessThanOrEqual(185);
  expect(new Set(arrivals.map(({ iteration }) => iteration)).size).toBe(arrivals.length);
});

test("frames of a slave that was frozen over the end still come, late", { timeout: 60_000 }, async () => {
  const target = await startTestTarget(20);
  const cluster = await startCluster();
  await cluster.addSlave("a");
  const b = await cluster.addSlave("b");
  // Without a pause between them a VU is always in an iteration, which is in no frame whenever the slave is frozen.
  const id = await cluster.submit({
    id: "frozen",
    options: { mode: "per-vu-iterations", vus: 10, iterations: 200, http: { base_url: target.url } },
    steps,
  });
  await cluster.waitFor(id, ({ slave_states }) => (slave_states["b"]?.iterations ?? 0) > 0);
  b.child.kill("SIGSTOP");
  const first = await cluster.finish(id);
  expect(first).toMatchObject({ degraded: true, late: { frames: 0 } });
  expect(countPlanned(first)).toBe(2_000);
  expect(first.lost.iterations).toBeGreaterThanOrEqual(5);
  // The survivor had done its own part long before the loss was noticed, and has run the rest of b's all the same.
  expect(first.metrics["dropped_iterations"]).toBe(undefined);
  b.child.kill("SIGCONT");
  await waitUntil(
    async () => (await readReport(cluster, id)).lost.iterations < first.lost.iterations,
    30_000,
    () => `${first.lost.iterations} iterations were lost before b went on, and no less afterwards`,
  );
  const report = await expectCounts(cluster, id, target);
  expect(report.late.frames).toBeGreaterThan(0);
});
