import { monitorEventLoopDelay } from "node:perf_hooks";
import { expect, onTestFinished, test } from "vitest";
import { countRequests, expectCounts } from "../support/accounts.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { type Arrival, type CountingTarget, startTestTarget, tellingHeaders } from "../support/counting-target.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";

const vus = 400;
/** H of these tests, ms. */
const timeoutMs = 2_000;

/** 400 VUs that ask for something every 200 ms, and once more when they are made. */
function createWorkflow(target: CountingTarget, durationMs: number): object {
  return {
    id: "loss",
    options: { vus, duration: durationMs, think_time: "200ms", graceful_stop: "2s", http: { base_url: target.url } },
    vu_setup: [{ id: "made", type: "http", config: { url: "/made", headers: tellingHeaders } }],
    steps: [{ id: "get", type: "http", config: { url: "/get", headers: tellingHeaders } }],
  };
}

interface Begun {
  readonly id: string;
  /** What this machine takes longer for it than it should. */
  readonly slowMs: number;
}

/** Begins the load on two slaves; resolves when all VUs run. */
async function begin(cluster: Cluster, target: CountingTarget, durationMs: number): Promise<Begun> {
  const from = performance.now();
  const id = await cluster.submit(createWorkflow(target, durationMs));
  await cluster.waitFor(id, ({ active_vus }) => active_vus === vus);
  const { slave_states } = await cluster.describe(id);
  expect(Object.values(slave_states).map((slave) => slave.vus)).toEqual([200, 200]);
  // On a machine with nothing else to do it is about a second.
  return { id, slowMs: Math.max(0, performance.now() - from - 2_000) };
}

/** Rules that hold whatever happened. */
function checkStarts(arrivals: readonly Arrival[]): void {
  const gets = arrivals.filter(({ path }) => path === "/get");
  const bySecond = Map.groupBy(gets, ({ at }) => Math.floor(at / 1_000));
  for (const [, inSecond] of bySecond) {
    expect(new Set(inSecond.map(({ vu }) => vu)).size).toBeLessThanOrEqual(vus);
  }
  for (const [vu, ofVu] of Map.groupBy(gets, (each) => each.vu)) {
    const holders: string[] = [];
    for (const { slave } of ofVu) if (holders.at(-1) !== slave) holders.push(slave);
    // Once it has moved it never comes from an old holder again.
    expect(new Set(holders).size, `vu ${vu} was on ${holders.join(", ")}`).toBe(holders.length);
  }
}

/** From the loss on: how long until every VU has started an operation again, ms. */
function measureRecovery(arrivals: readonly Arrival[], lostAt: number): number {
  const again = new Map<number | null, number>();
  for (const { at, vu, path } of arrivals) {
    if (path === "/get" && at > lostAt && !again.has(vu)) again.set(vu, at);
  }
  expect(again.size).toBe(vus);
  return Math.max(...again.values()) - lostAt;
}

/** Makings at the survivor: one for each VU it ever held. */
function checkSurvivor(arrivals: readonly Arrival[], survivor: string): void {
  const made = arrivals.filter(({ path, slave }) => path === "/made" && slave === survivor);
  expect(new Set(made.map(({ vu }) => vu)).size).toBe(vus);
  expect(made.length).toBe(vus);
}

/** How late this machine makes a process that has nothing to do but wait, at most, until the test ends. */
function watchLateness(): ReturnType<typeof monitorEventLoopDelay> {
  const lateness = monitorEventLoopDelay({ resolution: 1 });
  lateness.enable();
  onTestFinished(() => void lateness.disable());
  return lateness;
}

/** Epoch ms as the target counts them. */
const now = () => performance.timeOrigin + performance.now();

test("a killed slave: all VUs start again within H + 1 s, the survivor's are never restarted", {
  timeout: 90_000,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster({ heartbeatTimeout: "2s" });
  await cluster.addSlave("a", { maxVus: 400 });
  const b = await cluster.addSlave("b", { maxVus: 400 });
  const { id, slowMs } = await begin(cluster, target, 12_000);
  const lateness = watchLateness();
  const lostAt = now();
  b.child.kill("SIGKILL");
  const report = await cluster.finish(id);
  const arrivals = await target.list();
  checkStarts(arrivals);
  expect(measureRecovery(arrivals, lostAt)).toBeLessThanOrEqual(timeoutMs + 1_000 + slowMs + lateness.max / 1e6);
  checkSurvivor(arrivals, "a");
  expect(report).toMatchObject({ status: "completed", degraded: true });
  expect(report.events.map(({ type }) => type)).toContain("slave_lost");
  // What the killed slave did after its last frame is nowhere: at most an interval of its 200 VUs.
  const missing = arrivals.length - countRequests(report);
  expect(missing).toBeGreaterThanOrEqual(0);
  expect(missing).toBeLessThanOrEqual(200 * 5 * 2);
});

test("a frozen slave never adds to the load after its share has moved, and its frames are still counted", {
  timeout: 90_000,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster({ heartbeatTimeout: "2s" });
  await cluster.addSlave("a", { maxVus: 400 });
  const b = await cluster.addSlave("b", { maxVus: 400 });
  const { id, slowMs } = await begin(cluster, target, 14_000);
  const lateness = watchLateness();
  const lostAt = now();
  b.child.kill("SIGSTOP");
  await cluster.waitFor(id, ({ events }) => events.some(({ type }) => type === "slave_lost"));
  await cluster.waitFor(id, ({ active_vus, slave_states }) => active_vus >= vus && slave_states["a"]?.vus === vus);
  b.child.kill("SIGCONT");
  await cluster.finish(id);
  const arrivals = await target.list();
  checkStarts(arrivals);
  expect(measureRecovery(arrivals, lostAt)).toBeLessThanOrEqual(timeoutMs + 1_000 + slowMs + lateness.max / 1e6);
  checkSurvivor(arrivals, "a");
  await expectCounts(cluster, id, target);
});

test("a slave behind a link that swallows everything stops by itself, and its frames come late", {
  timeout: 90_000,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster({ heartbeatTimeout: "2s" });
  const proxy = await startTcpProxy(Number(new URL(cluster.url).port));
  onTestFinished(() => proxy.close());
  await cluster.addSlave("a", { maxVus: 400 });
  await cluster.addSlave("b", { maxVus: 400, master: `http://127.0.0.1:${proxy.port}` });
  const { id, slowMs } = await begin(cluster, target, 14_000);
  const lateness = watchLateness();
  const lostAt = now();
  proxy.blackHole();
  await cluster.waitFor(id, ({ events }) => events.some(({ type }) => type === "slave_lost"));
  await cluster.waitFor(id, ({ active_vus, slave_states }) => active_vus >= vus && slave_states["a"]?.vus === vus);
  proxy.pass();
  await cluster.finish(id);
  const arrivals = await target.list();
  checkStarts(arrivals);
  expect(measureRecovery(arrivals, lostAt)).toBeLessThanOrEqual(timeoutMs + 1_000 + slowMs + lateness.max / 1e6);
  checkSurvivor(arrivals, "a");
  await expectCounts(cluster, id, target);
});

test("what a frozen slave measured is counted, though another process has its id by then", {
  timeout: 90_000,
}, async () => {
  const target = await startTestTarget(20);
  const cluster = await startCluster({ heartbeatTimeout: "2s" });
  await cluster.addSlave("a");
  const frozen = await cluster.addSlave("b");
  const id = await cluster.submit({
    id: "twin",
    options: { vus: 10, duration: "12s", http: { base_url: target.url } },
    steps: [{ id: "get", type: "http", config: { url: "/", headers: tellingHeaders } }],
  });
  await cluster.waitFor(id, ({ slave_states }) => (slave_states["b"]?.iterations ?? 0) > 0);
  frozen.child.kill("SIGSTOP");
  await cluster.waitFor(id, ({ events }) => events.some(({ type }) => type === "slave_lost"));
  const twin = await cluster.addSlave("b");
  frozen.child.kill("SIGCONT");
  await cluster.finish(id);
  await expectCounts(cluster, id, target);
  await frozen.seen(/another slave with the id b is connected/);
  expect(twin.child.exitCode).toBe(null);
});
