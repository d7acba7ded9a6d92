import { expect, test } from "vitest";
import { applyFrame, createSnapshot, totalOf } from "../../src/measure/snapshot.ts";
import type { Frame } from "../../src/protocol/frame.ts";
import type { Report, ReportMetric } from "../../src/protocol/report.ts";
import { describeMetric } from "../../src/report/metric-values.ts";
import { countRequests, expectCounts } from "../support/accounts.ts";
import { startCluster } from "../support/cluster.ts";
import { startTestTarget } from "../support/counting-target.ts";
import { tapLinks } from "../support/link-tap.ts";

const timeout = 180_000;
const slow = 400;
/** Iterations of each of twelve VUs, a third of them on each slave. */
const iterations = 10;
const slaveIds = ["fast-1", "fast-2", "slow"] as const;

/** Three slaves of which one is far from the target, and what each of them sent. */
async function runThree(): Promise<{ report: Report; framesOf: (id: string) => readonly Frame[] }> {
  const target = await startTestTarget();
  const cluster = await startCluster();
  const tap = await tapLinks(cluster.url);
  for (const id of slaveIds) await cluster.addSlave(id, { maxVus: 5, master: tap.url, args: ["--threads", "2"] });
  const url = `${target.url}/?delay=\${slave.id == "slow" ? ${slow} : 0}`;
  const id = await cluster.submit({
    metrics: { weight: "trend" },
    options: { mode: "per-vu-iterations", vus: 12, iterations, think_time: { min: "1ms", max: "20ms" } },
    steps: [
      { id: "get", type: "http", config: { url, headers: { "x-slave": "${slave.id}" } } },
      { type: "script", script: 'metrics.trend("weight").add(vu.id * 1000 + vu.iteration * 90)' },
    ],
  });
  await cluster.finish(id);
  const report = await expectCounts(cluster, id, target);
  const arrivals = await target.list();
  for (const slaveId of slaveIds) {
    const own = arrivals.filter(({ slave }) => slave === slaveId).length;
    expect([slaveId, sumRequests(tap.framesOf(slaveId))]).toEqual([slaveId, own]);
    expect(own).toBe(4 * iterations);
  }
  expect(countRequests(report)).toBe(arrivals.length);
  return { report, framesOf: tap.framesOf };
}

test("percentiles of three slaves are, to the bit, those of one that measured everything", { timeout }, async () => {
  const { report, framesOf } = await runThree();
  expect(report).toMatchObject({ status: "completed", degraded: false, late: { frames: 0 } });

  const all = slaveIds.flatMap(framesOf);
  const asOne = describeAll(all);
  // Another order, and other neighbours.
  expect(describeAll(all.toReversed())).toEqual(asOne);
  for (const [name, { type, values, histogram }] of Object.entries(asOne)) {
    const { rate: _, ...exact } = values;
    expect([name, report.metrics[name]]).toEqual([
      name,
      expect.objectContaining({
        type,
        values: expect.objectContaining(type === "rate" ? values : exact),
        ...(histogram === undefined ? {} : { histogram }),
      }),
    ]);
  }
  const measured = Object.keys(report.metrics).filter((name) => report.metrics[name]?.type !== "gauge");
  expect(Object.keys(asOne).toSorted()).toEqual(measured.toSorted());
  expect(Object.values(asOne).filter(({ type }) => type === "trend").length).toBeGreaterThan(5);

  // From the report's own counts, by the definition: nearest rank, the middle of its bucket.
  for (const { type, values, histogram = [] } of Object.values(report.metrics)) {
    if (type !== "trend") continue;
    expect(histogram.reduce((sum, [, , count]) => sum + count, 0)).toBe(values["count"]);
    for (const [key, percent] of [["med", 50] as const, ...[90, 95, 99, 99.9].map((p) => [`p(${p})`, p] as const)]) {
      expect(values[key]).toBe(nearestRank(histogram, percent, values));
    }
  }
  const p90Of = (metric: string, frames: readonly Frame[]) => describeAll(frames)[metric]?.values["p(90)"] ?? 0;
  // A percentile is the middle of a bucket, and a timer may be a millisecond early.
  expect(p90Of("http_req_duration", framesOf("slow"))).toBeGreaterThan(slow * 0.99 - 1);
  // It makes a difference: neither one slave's nor the average of all.
  const own = slaveIds.map((slaveId) => p90Of("weight", framesOf(slaveId)));
  const average = own.reduce((sum, each) => sum + each, 0) / own.length;
  const whole = p90Of("weight", all);
  expect(whole / 11_630).toBeCloseTo(1, 2);
  for (const each of [...own, average]) expect(Math.abs(each / whole - 1)).toBeGreaterThan(0.01);
});

/** All metrics but the gauges, as of a single source: those say what was at a moment, by slave. */
function describeAll(frames: readonly Frame[]): Record<string, ReportMetric> {
  const snapshot = createSnapshot({ metrics: {}, thresholds: [] });
  for (const frame of frames) applyFrame(snapshot, "one", frame);
  return Object.fromEntries(
    [...snapshot.metrics.keys()].flatMap((name) => {
      const total = totalOf(snapshot, name);
      return total === null || total.type === "gauge" ? [] : [[name, describeMetric(name, total, 1_000)] as const];
    }),
  );
}

function sumRequests(frames: readonly Frame[]): number {
  let sum = 0;
  for (const { series } of frames) {
    for (const delta of series) if (delta.type === "counter" && delta.key.metric === "http_reqs") sum += delta.sum;
  }
  return sum;
}

function nearestRank(
  histogram: NonNullable<ReportMetric["histogram"]>,
  percent: number,
  { min, max, count }: ReportMetric["values"],
): number {
  const rank = Math.ceil((percent * 10 * (count ?? 0)) / 1_000);
  let seen = 0;
  for (const [low, high, amount] of histogram) {
    seen += amount;
    // Values are whole microseconds: the bucket [40.000, 40.255] has the middle 40.1275.
    const middle = (Math.round(low * 1_000) + Math.round(high * 1_000)) / 2 / 1_000;
    const value = Math.min(max ?? 0, Math.max(min ?? 0, middle));
    if (seen >= rank) return Math.round(value * 1_000) / 1_000;
  }
  throw new Error("no such rank");
}
