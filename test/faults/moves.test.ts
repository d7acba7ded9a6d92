import { expect, test } from "vitest";
import { countPlanned, expectCounts, readReport } from "../support/accounts.ts";
import { startCluster, waitUntil } from "../support/cluster.ts";
import { startTestTarget, tellingHeaders } from "../support/counting-target.ts";

const timeout = 240_000;
const steps = [{ id: "get", type: "http", config: { url: "/", headers: tellingHeaders } }];

test("the number of an iteration never comes twice, whoever is drained or killed, and what was lost is told", {
  timeout,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster({ heartbeatTimeout: "6s" });
  await cluster.addSlave("a");
  await cluster.addSlave("b");
  const c = await cluster.addSlave("c");
  const thresholds = [{ metric: "lost_iterations", condition: "count < 1" }];
  const id = await cluster.submit({
    id: "numbers",
    options: { vus: 12, duration: "10m", think_time: "10ms", thresholds, http: { base_url: target.url } },
    steps,
  });
  // What it loses is estimated by what it did in the second before.
  await cluster.waitFor(id, ({ slave_states }) => (slave_states["c"]?.iterations ?? 0) > 0);
  await cluster.call("POST", "/slaves/a/drain");
  c.child.kill("SIGKILL");
  // The one that is left has all of them, and has been at it.
  await cluster.waitFor(id, ({ slave_states }) => slave_states["b"]?.vus === 12);
  const before = await target.count();
  await expect.poll(() => target.count()).toBeGreaterThan(before + 500);
  await cluster.call("DELETE", `/executions/${id}`);
  const report = await cluster.finish(id);
  const arrivals = await target.list();
  expect(new Set(arrivals.map(({ iteration }) => iteration)).size).toBe(arrivals.length);
  expect(report.lost.iterations).toBeGreaterThan(0);
  expect(report.thresholds).toMatchObject([{ passed: false, value: report.lost.iterations }]);
});

test("after a loss the survivors start the lost one's arrivals, and every event is in the account", {
  timeout,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster({ heartbeatTimeout: "6s" });
  for (const slave of ["a", "b"]) await cluster.addSlave(slave, { maxVus: 400 });
  const c = await cluster.addSlave("c", { maxVus: 400 });
  // VUs for ten seconds of starts that a machine was late for, at each slave: none is dropped.
  const id = await cluster.submit({
    id: "arrivals",
    options: { rate: 60, duration: "24s", pre_allocated_vus: 600, http: { base_url: target.url } },
    steps,
  });
  await cluster.waitFor(id, ({ progress }) => (progress ?? 0) > 0.1);
  c.child.kill("SIGKILL");
  await cluster.waitFor(id, ({ slave_states }) => slave_states["a"]?.vus === 300 && slave_states["b"]?.vus === 300);
  const movedAt = await target.list();
  const report = await cluster.finish(id);
  expect(countPlanned(report)).toBe(1_440);
  // The cut is a second after the loss was known, and every start from then on was made. Two seconds more than that are
  // left for whoever was late.
  const whole = Math.max(...movedAt.map(({ iteration }) => iteration ?? 0)) + 3 * 60;
  const arrivals = await target.list();
  const numbers = arrivals.map(({ iteration }) => iteration ?? -1).toSorted((one, other) => one - other);
  const rest = numbers.filter((number) => number >= whole);
  expect(rest.length).toBeGreaterThan(60);
  expect(rest).toEqual(Array.from({ length: 1_440 - whole }, (_, at) => whole + at));
  expect(new Set(arrivals.map(({ iteration }) => iteration)).size).toBe(arrivals.length);
});

test("frames of a slave that was frozen over the end still come, late", { timeout }, async () => {
  const target = await startTestTarget(20);
  const cluster = await startCluster({ heartbeatTimeout: "6s" });
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
