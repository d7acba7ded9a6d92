import { monitorEventLoopDelay } from "node:perf_hooks";
import { expect, test } from "vitest";
import { expectCounts } from "../support/accounts.ts";
import { startCluster } from "../support/cluster.ts";
import { startTestTarget } from "../support/counting-target.ts";

/** Debian's faketime: this process's wall clock is off by so much, its monotonic one is not. */
function shiftClock(seconds: number): Readonly<Record<string, string>> {
  if (seconds === 0) return {};
  return {
    LD_PRELOAD: `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu/faketime/libfaketime.so.1`,
    FAKETIME: `${seconds > 0 ? "+" : ""}${seconds}s`,
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  };
}

const shifts = [0, 5, -5, 0, 3, -3, 0, 1, -1, 0];
const mostStarts = 5;

test("ten slaves, some with clocks five seconds off, start within 50 ms of each other", {
  timeout: 600_000,
}, async () => {
  const cluster = await startCluster({ heartbeatTimeout: "60s" });
  for (const [at, seconds] of shifts.entries()) {
    await cluster.addSlave(`s${at}`, { maxVus: 10, args: ["--threads", "1"], env: shiftClock(seconds) });
  }
  // By how much more than the machine was late the slaves were apart: a process that waits for its turn cannot start. On
  // a quiet machine that is nothing, and the first start is the only one.
  const excess: number[] = [];
  while (excess.length < mostStarts && Math.min(...excess) > 50) {
    const target = await startTestTarget();
    const id = await cluster.submit({
      id: "skew",
      options: { vus: 50, duration: "3s", think_time: "100ms", http: { base_url: target.url } },
      steps: [{ id: "get", type: "http", config: { url: "/" } }],
    });
    const lateness = monitorEventLoopDelay({ resolution: 1 });
    lateness.enable();
    await cluster.waitFor(id, ({ active_vus }) => active_vus > 0);
    lateness.disable();
    await cluster.finish(id);
    const report = await expectCounts(cluster, id, target);
    expect(report).toMatchObject({ status: "completed", degraded: false });
    expect(report.slaves.length).toBe(10);
    expect(report.start_skew_ms).toBeGreaterThan(0);
    excess.push((report.start_skew_ms ?? Infinity) - lateness.max / 1e6);
  }
  expect(Math.min(...excess), `the excess of each start: ${excess.join(", ")} ms`).toBeLessThanOrEqual(50);
});
