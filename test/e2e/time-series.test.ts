import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { TimePoint, TimeSeries } from "../../src/protocol/report.ts";
import { expectCounts } from "../support/accounts.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { startTestTarget } from "../support/counting-target.ts";

const timeout = 180_000;
const slowMs = 400;

function sum(series: TimeSeries, field: "requests_per_s" | "iterations_per_s"): number {
  const width = series.interval_ms / 1_000;
  return Math.round(series.points.reduce((total, point) => total + point[field] * width, 0));
}

async function ask(cluster: Cluster, id: string, query = ""): Promise<TimeSeries> {
  const { status, body } = await cluster.call("GET", `/executions/${id}/timeseries${query}`);
  expect([status, body]).toEqual([200, expect.objectContaining({ interval_ms: expect.any(Number) })]);
  return body as unknown as TimeSeries;
}

test("a time series of one slave, of one scenario, and of both: live, at the end and after a restart", {
  timeout,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "we-series-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const target = await startTestTarget();
  const cluster = await startCluster({ dataDir: folder });
  for (const slave of ["fast", "slow"]) await cluster.addSlave(slave, { maxVus: 6 });
  const step = (id: string, more = {}) => ({
    id,
    type: "http",
    config: {
      url: `${target.url}/${id}?delay=\${slave.id == "slow" ? ${slowMs} : 0}`,
      headers: { "x-slave": "${slave.id}" },
    },
    ...more,
  });
  const failing = { assert: [{ type: "body", operator: "eq", value: "no" }], on_error: "continue" };
  const id = await cluster.submit({
    scenarios: {
      买: { vus: 4, duration: "10m", think_time: "20ms", steps: [step("buy"), step("pay", failing)] },
      look: { vus: 2, duration: "10m", start_time: "1s", think_time: "20ms", steps: [step("list")] },
    },
  });
  await cluster.waitFor(id, ({ active_vus }) => active_vus === 6);
  // In seconds that are over.
  for (const [query, vus] of [
    ["?slave=slow&scenario=look", 1],
    ["?slave=fast", 3],
    ["?scenario=look", 2],
    ["", 6],
  ] as const) {
    const full = expect.objectContaining({ active_vus: vus, planned_vus: vus }) as unknown;
    await expect.poll(async () => (await ask(cluster, id, query)).points.slice(0, -1)).toContainEqual(full);
  }
  await expect.poll(() => target.count()).toBeGreaterThan(100);
  await cluster.call("DELETE", `/executions/${id}`);
  await cluster.finish(id);
  await expectCounts(cluster, id, target);

  const arrivals = await target.list();
  const expected = (slave: string | null, paths: RegExp) =>
    arrivals.filter((each) => (slave === null || each.slave === slave) && paths.test(each.path)).length;
  const look = async (): Promise<unknown> => {
    const all = await ask(cluster, id);
    expect(sum(all, "requests_per_s")).toBe(expected(null, /./));
    for (const slave of ["fast", "slow"]) {
      const own = await ask(cluster, id, `?slave=${slave}`);
      expect([slave, sum(own, "requests_per_s")]).toEqual([slave, expected(slave, /./)]);
      const buying = await ask(cluster, id, `?slave=${slave}&scenario=${encodeURIComponent("买")}`);
      expect([slave, sum(buying, "requests_per_s")]).toEqual([slave, expected(slave, /buy|pay/)]);
    }
    const looking = await ask(cluster, id, "?scenario=look");
    expect(sum(looking, "requests_per_s")).toBe(expected(null, /list/));
    expect(sum(looking, "iterations_per_s")).toBe(expected(null, /list/));
    const errorsOf = ({ points }: TimeSeries) =>
      points.reduce((count, { errors }) => count + (errors["assertion"] ?? 0), 0);
    expect(errorsOf(looking)).toBe(0);
    expect(errorsOf(await ask(cluster, id, `?scenario=${encodeURIComponent("买")}`))).toBe(expected(null, /pay/));
    const busiest = (points: readonly TimePoint[]) => Math.max(...points.map(({ active_vus }) => active_vus));
    expect([busiest(all.points), busiest(looking.points)]).toEqual([6, 2]);
    const fast = await ask(cluster, id, "?slave=fast");
    const slow = await ask(cluster, id, "?slave=slow&step=10m");
    expect([slow.interval_ms, slow.points.length]).toEqual([600_000, 1]);
    // A percentile is the middle of a bucket, and a timer may be a millisecond early.
    expect(slow.points[0]?.p50_ms).toBeGreaterThan(slowMs * 0.99 - 1);
    // Of the whole time, in which the machine may have stood for seconds.
    expect((await ask(cluster, id, "?slave=fast&step=10m")).points[0]?.p50_ms).toBeLessThan(slowMs * 0.9);
    expect(fast.points).toContainEqual(expect.objectContaining({ active_vus: 3, planned_vus: 3 }));
    const second = fast.points.filter(({ elapsed_ms: at }) => at === 1_000);
    expect((await ask(cluster, id, "?slave=fast&from=1s&to=2s")).points).toEqual(second);
    return [all, looking, fast, slow];
  };
  const before = await look();
  await cluster.restartMaster(0);
  expect(await look()).toEqual(before);

  for (const [query, message] of [
    ["slave=nobody", /`slave` is `nobody`, which has no part in execution \S+; there are fast, slow/],
    ["slave=__proto__", /which has no part/],
    ["slave=", /`slave` is ``/],
    ["scenario=default", /`scenario` is `default`; there is a time series of 买, look/],
    ["scenario=look&scenario=买", /`scenario`/],
  ] as const) {
    const { status, body } = await cluster.call("GET", `/executions/${id}/timeseries?${query}`);
    expect([query, status, body["message"]]).toEqual([query, 400, expect.stringMatching(message)]);
  }
});
