import { monitorEventLoopDelay } from "node:perf_hooks";
import { expect, onTestFinished, test } from "vitest";
import { countRequests, expectCounts } from "../support/accounts.ts";
import { type Cluster, startCluster, waitUntil } from "../support/cluster.ts";
import { type Arrival, type CountingTarget, startTestTarget, tellingHeaders } from "../support/counting-target.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";

const vus = 400;
/** H of these tests, ms: long enough that a machine that stalls for seconds loses nobody who is not meant to be lost. */
const timeoutMs = 6_000;
const heartbeatTimeout = "6s";

/** 400 VUs that ask for something twice a second, and once more when they are made, until they are stopped. */
function createWorkflow(target: CountingTarget): object {
  return {
    id: "loss",
    options: { vus, duration: "10m", think_time: "500ms", graceful_stop: "10s", http: { base_url: target.url } },
    vu_setup: [{ id: "made", type: "http", config: { url: "/made", headers: tellingHeaders } }],
    steps: [{ id: "get", type: "http", config: { url: "/get", headers: tellingHeaders } }],
  };
}

interface Begun {
  readonly id: string;
  /** What this machine takes longer for it than it should, ms. */
  readonly slowMs: number;
}

/** Begins the load on two slaves; resolves when all VUs run and the master has heard of it. */
async function begin(cluster: Cluster, target: CountingTarget): Promise<Begun> {
  const from = performance.now();
  const id = await cluster.submit(createWorkflow(target));
  await cluster.waitFor(id, ({ active_vus }) => active_vus === vus);
  // On a machine with nothing else to do it is about a second.
  const slowMs = Math.max(0, performance.now() - from - 2_000);
  const { slave_states } = await cluster.waitFor(
    id,
    (execution) => (execution.slave_states["b"]?.iterations ?? 0) > 400,
  );
  expect(Object.values(slave_states).map((slave) => slave.vus)).toEqual([200, 200]);
  return { id, slowMs };
}

/** Waits until everything that ran on the other one is this one's. */
async function waitForMove(cluster: Cluster, id: string): Promise<void> {
  await cluster.waitFor(id, ({ events }) => events.some(({ type }) => type === "slave_lost"));
  await cluster.waitFor(id, ({ active_vus, slave_states }) => active_vus >= vus && slave_states["a"]?.vus === vus);
}

/** Waits until the other one is back, and every VU has had the time for another operation. */
async function waitForReturn(cluster: Cluster, target: CountingTarget): Promise<void> {
  await waitUntil(
    async () => {
      const { body } = await cluster.call("GET", "/slaves/b");
      return (body["status"] as { readonly state: string }).state === "online";
    },
    60_000,
    () => "b does not come back",
  );
  const before = await target.count();
  await expect.poll(() => target.count()).toBeGreaterThan(before + 2 * vus);
}

/** Ends the load once every VU has started again; gives what the target saw, and how long the last of them took, ms. */
async function recover(cluster: Cluster, target: CountingTarget, id: string, lostAt: number) {
  await expect.poll(async () => countAgain(await target.list(), lostAt).size, { interval: 200 }).toBe(vus);
  await cluster.call("DELETE", `/executions/${id}`);
  const report = await cluster.finish(id);
  const arrivals = await target.list();
  return { report, arrivals, tookMs: Math.max(...countAgain(arrivals, lostAt).values()) - lostAt };
}

/** When each VU has started an operation for the first time after the loss, if it has. */
function countAgain(arrivals: readonly Arrival[], lostAt: number): ReadonlyMap<number | null, number> {
  const again = new Map<number | null, number>();
  for (const { at, vu, path } of arrivals) {
    if (path === "/get" && at > lostAt && !again.has(vu)) again.set(vu, at);
  }
  return again;
}

/** No second has more VUs than the load, and once one has moved it never comes from an old holder again. */
function checkHolders(arrivals: readonly Arrival[]): void {
  const slipped: string[] = [];
  const gets = arrivals.filter(({ path }) => path === "/get");
  for (const [, inSecond] of Map.groupBy(gets, ({ at }) => Math.floor(at / 1_000))) {
    expect(new Set(inSecond.map(({ vu }) => vu)).size).toBeLessThanOrEqual(vus);
  }
  for (const [vu, ofVu] of Map.groupBy(gets, (each) => each.vu)) {
    const left = new Set<string>();
    let holder = "";
    for (const { slave, iteration } of ofVu) {
      if (left.has(slave)) slipped.push(`${slave}: vu ${vu}, iteration ${iteration}`);
      else if (slave !== holder) {
        left.add(holder);
        holder = slave;
      }
    }
  }
  expect(slipped).toEqual([]);
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

const options = { maxVus: 400, args: ["--threads", "2"] };
const timeout = 400_000;

test("a killed slave: all VUs start again within H + 1 s, the survivor's are never restarted", {
  timeout,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster({ heartbeatTimeout });
  await cluster.addSlave("a", options);
  const b = await cluster.addSlave("b", options);
  const { id, slowMs } = await begin(cluster, target);
  const told = (await cluster.describe(id)).slave_states["b"]?.iterations ?? 0;
  const lateness = watchLateness();
  const lostAt = now();
  b.child.kill("SIGKILL");
  const { report, arrivals, tookMs } = await recover(cluster, target, id, lostAt);
  checkHolders(arrivals);
  checkSurvivor(arrivals, "a");
  expect(report).toMatchObject({ status: "aborted", reason: "stopped_by_api", degraded: true });
  expect(report.events.map(({ type }) => type)).toContain("slave_lost");
  // What the killed slave did after its last frame is nowhere; what it had told before is not lost.
  const missing = arrivals.length - countRequests(report);
  expect(missing).toBeGreaterThanOrEqual(0);
  expect(missing).toBeLessThanOrEqual(arrivals.filter(({ slave }) => slave === "b").length - told);
  expect(tookMs).toBeLessThanOrEqual(timeoutMs + 1_000 + slowMs + lateness.max / 1e6);
});

test("a frozen slave never adds to the load after its share has moved, and its frames are still counted", {
  timeout,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster({ heartbeatTimeout });
  await cluster.addSlave("a", options);
  const b = await cluster.addSlave("b", options);
  const { id, slowMs } = await begin(cluster, target);
  const lateness = watchLateness();
  const lostAt = now();
  b.child.kill("SIGSTOP");
  await waitForMove(cluster, id);
  b.child.kill("SIGCONT");
  await waitForReturn(cluster, target);
  const { arrivals, tookMs } = await recover(cluster, target, id, lostAt);
  checkHolders(arrivals);
  checkSurvivor(arrivals, "a");
  await expectCounts(cluster, id, target);
  expect(tookMs).toBeLessThanOrEqual(timeoutMs + 1_000 + slowMs + lateness.max / 1e6);
});

test("a slave behind a link that swallows everything stops by itself, and its frames come late", {
  timeout,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster({ heartbeatTimeout });
  const proxy = await startTcpProxy(Number(new URL(cluster.url).port));
  onTestFinished(() => proxy.close());
  await cluster.addSlave("a", options);
  await cluster.addSlave("b", { ...options, master: `http://127.0.0.1:${proxy.port}` });
  const { id, slowMs } = await begin(cluster, target);
  const lateness = watchLateness();
  const lostAt = now();
  proxy.blackHole();
  await waitForMove(cluster, id);
  proxy.pass();
  await waitForReturn(cluster, target);
  const { arrivals, tookMs } = await recover(cluster, target, id, lostAt);
  checkHolders(arrivals);
  checkSurvivor(arrivals, "a");
  await expectCounts(cluster, id, target);
  expect(tookMs).toBeLessThanOrEqual(timeoutMs + 1_000 + slowMs + lateness.max / 1e6);
});

test("what a frozen slave measured is counted, though another process has its id by then", { timeout }, async () => {
  const target = await startTestTarget(20);
  const cluster = await startCluster({ heartbeatTimeout });
  await cluster.addSlave("a");
  const frozen = await cluster.addSlave("b");
  const id = await cluster.submit({
    id: "twin",
    options: { vus: 10, duration: "10m", http: { base_url: target.url } },
    steps: [{ id: "get", type: "http", config: { url: "/", headers: tellingHeaders } }],
  });
  await cluster.waitFor(id, ({ slave_states }) => (slave_states["b"]?.iterations ?? 0) > 0);
  frozen.child.kill("SIGSTOP");
  await cluster.waitFor(id, ({ events }) => events.some(({ type }) => type === "slave_lost"));
  const twin = await cluster.addSlave("b");
  frozen.child.kill("SIGCONT");
  await frozen.seen(/another slave with the id b is connected/);
  await cluster.call("DELETE", `/executions/${id}`);
  await cluster.finish(id);
  await expectCounts(cluster, id, target);
  expect(twin.child.exitCode).toBe(null);
});
