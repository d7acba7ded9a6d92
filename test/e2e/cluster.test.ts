import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { type IncomingHttpHeaders, request as post } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import type { Execution, ExecutionList, WorkflowSummary } from "../../src/protocol/rest.ts";
import { expectCounts } from "../support/accounts.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { type CountingTarget, startTestTarget } from "../support/counting-target.ts";

function makeDataDir(): string {
  const folder = mkdtempSync(join(tmpdir(), "workflow-engine-master-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** VUs that think, for a while. */
function createLoad(id: string, target: CountingTarget, vus: number, duration: string, options: object = {}): object {
  return {
    id,
    options: { vus, duration, think_time: "50ms", http: { base_url: target.url }, ...options },
    steps: [{ id: "get", type: "http", config: { url: "/" } }],
  };
}

/** VUs that ask five times each: while the target holds its answers they stay; then they end by themselves. */
function createHeld(id: string, target: CountingTarget, vus: number): object {
  return {
    id,
    options: {
      mode: "per-vu-iterations",
      vus,
      iterations: 5,
      http: { base_url: target.url, timeout: { total: "5m" } },
    },
    steps: [{ id: "get", type: "http", config: { url: "/" } }],
  };
}

async function listByStatus(cluster: Cluster, status: string): Promise<readonly string[]> {
  const { body } = await cluster.call("GET", `/executions?status=${status}`);
  return (body as unknown as ExecutionList).executions.map(({ workflow_id }) => workflow_id);
}

test("400 VUs on two slaves of 200 each: 200 and 200, and the target's count is the report's", {
  timeout: 150_000,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster();
  await cluster.addSlave("slave-1", { maxVus: 200 });
  await cluster.addSlave("slave-2", { maxVus: 200 });
  await target.hold();
  const id = await cluster.submit(createHeld("guide", target, 400));
  const running = await cluster.waitFor(id, ({ active_vus }) => active_vus === 400);
  expect(Object.values(running.slave_states).map(({ slave_id, vus }) => [slave_id, vus])).toEqual([
    ["slave-1", 200],
    ["slave-2", 200],
  ]);
  const busy = await cluster.call("GET", "/slaves/slave-1");
  expect(busy.body).toMatchObject({ max_vus: 200, status: { state: "busy", load: 1, active_tasks: 1 } });
  expect(await cluster.call("POST", "/workflows", { workflow: createLoad("more", target, 1, "1s") })).toMatchObject({
    status: 409,
    body: { error: "scheduling_failed", message: "not enough capacity: need 1 VUs, have 0" },
  });
  await target.release();
  await cluster.finish(id);
  const report = await expectCounts(cluster, id, target);
  expect(report).toMatchObject({ status: "completed", passed: true, degraded: false, reason: null });
  expect(report.slaves.map(({ iterations }) => iterations)).toEqual([1_000, 1_000]);
  expect(report.slaves.map(({ vus }) => vus)).toEqual([200, 200]);
  const ended = await cluster.describe(id);
  expect(ended).toMatchObject({ status: "completed", phase: "done", progress: 1, active_vus: 0, passed: true });
  const free = async () => (await cluster.call("GET", "/slaves/slave-1")).body["status"];
  await expect.poll(free, { timeout: 60_000 }).toMatchObject({ state: "online", load: 0 });
});

test("two executions share their slaves within max_vus, and each has its own numbers", {
  timeout: 150_000,
}, async () => {
  const [one, other] = [await startTestTarget(), await startTestTarget()];
  const cluster = await startCluster();
  await cluster.addSlave("a", { maxVus: 30 });
  await cluster.addSlave("b", { maxVus: 30 });
  await Promise.all([one.hold(), other.hold()]);
  const first = await cluster.submit(createHeld("first", one, 40));
  const second = await cluster.submit(createHeld("second", other, 20));
  await cluster.waitFor(first, ({ active_vus }) => active_vus === 40);
  await cluster.waitFor(second, ({ active_vus }) => active_vus === 20);
  const held = [await cluster.describe(first), await cluster.describe(second)].map(({ slave_states }) =>
    Object.values(slave_states).map(({ vus }) => vus),
  );
  expect(held).toEqual([
    [20, 20],
    [10, 10],
  ]);
  await Promise.all([one.release(), other.release()]);
  await cluster.finish(first);
  await cluster.finish(second);
  await expectCounts(cluster, first, one);
  await expectCounts(cluster, second, other);
  expect([await one.count(), await other.count()]).toEqual([200, 100]);
});

test("above max-executions they wait for their turn, one after another", { timeout: 150_000 }, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster({ args: ["--max-executions", "1"] });
  await cluster.addSlave("a", { maxVus: 10 });
  const ids: string[] = [];
  await target.hold();
  for (const name of ["one", "two", "three"]) ids.push(await cluster.submit(createHeld(name, target, 10)));
  expect(await cluster.describe(ids[2] ?? "")).toMatchObject({ status: "pending", phase: "queued", slave_states: {} });
  expect(await listByStatus(cluster, "pending")).toEqual(expect.arrayContaining(["three", "two"]));
  expect((await cluster.call("POST", `/executions/${ids[2]}/pause`)).status).toBe(409);
  await target.release();
  const reports = [];
  for (const id of ids) reports.push(await cluster.finish(id));
  expect(reports.map(({ status }) => status)).toEqual(["completed", "completed", "completed"]);
  for (const [at, { start_time: started }] of reports.entries()) {
    const before = reports[at - 1];
    if (before !== undefined) expect(Date.parse(started ?? "")).toBeGreaterThanOrEqual(Date.parse(before.end_time));
  }
  expect(await target.count()).toBe(
    reports.reduce((sum, { metrics }) => sum + (metrics["http_reqs"]?.values["count"] ?? 0), 0),
  );
});

test("a burst of submits: a thousand wait, the rest is told to come later, and the API goes on answering", {
  timeout: 200_000,
}, async () => {
  const target = await startTestTarget();
  // The burst may take all of a busy machine for a minute: no slave is lost by that, and no request came too late.
  const cluster = await startCluster({
    dataDir: makeDataDir(),
    heartbeatTimeout: "60s",
    args: ["--max-executions", "1"],
    env: { WE_SERVER_READ_TIMEOUT: "10m" },
  });
  await cluster.addSlave("a", { maxVus: 1 });
  await cluster.submit(createLoad("first", target, 1, "10m"));
  const body = JSON.stringify({ workflow: createLoad("more", target, 1, "1s") });
  const answers = await Promise.all(
    Array.from({ length: 1_020 }, () => postPatiently(`${cluster.url}/api/v1/workflows`, body)),
  );
  const counts = Map.groupBy(answers, ({ status }) => status);
  expect([...counts].map(([status, list]) => [status, list.length]).toSorted()).toEqual([
    [201, 1_000],
    [429, 20],
  ]);
  for (const refused of counts.get(429) ?? []) {
    expect(refused.headers["retry-after"]).toMatch(/^\d+$/);
    expect(JSON.parse(refused.body)).toMatchObject({ error: "queue_full" });
  }
  const list = await cluster.call("GET", "/executions?status=pending&limit=1");
  expect(list.body).toMatchObject({ total: 1_000 });
  await cluster.restartMaster(0);
  expect((await cluster.call("GET", "/executions?status=pending&limit=1")).body).toMatchObject({ total: 1_000 });
});

interface PostAnswer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Not with fetch, which gives up a connection that is not there after 10 s. */
function postPatiently(url: string, body: string): Promise<PostAnswer> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    const request = post(url, { method: "POST", headers, agent: false }, (response) => {
      const { statusCode: status } = response;
      text(response).then((whole) => resolve({ status, headers: response.headers, body: whole }), reject);
    });
    request.on("error", reject).end(body);
  });
}

test("queue: true waits for capacity; one that waits can be stopped", { timeout: 150_000 }, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster();
  await cluster.addSlave("a", { maxVus: 10 });
  await target.hold();
  const first = await cluster.submit(createHeld("first", target, 10));
  const waiting = await cluster.submit(createHeld("waiting", target, 5), { queue: true });
  const stopped = await cluster.submit(createHeld("stopped", target, 5), { queue: true });
  expect(await cluster.describe(waiting)).toMatchObject({ status: "pending", phase: "queued" });
  expect((await cluster.call("DELETE", `/executions/${stopped}`)).body).toEqual({ success: true });
  expect(await cluster.finish(stopped)).toMatchObject({
    status: "aborted",
    passed: false,
    reason: "stopped_by_api",
    start_time: null,
  });
  await target.release();
  await cluster.finish(first);
  expect(await cluster.finish(waiting)).toMatchObject({ status: "completed" });
});

test("a drained slave gives its VUs to the others and takes none until it is undrained", {
  timeout: 150_000,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster();
  await cluster.addSlave("a");
  await cluster.addSlave("b");
  const id = await cluster.submit(createLoad("drain", target, 20, "10m"));
  await cluster.waitFor(id, ({ active_vus }) => active_vus === 20);
  expect((await cluster.call("POST", "/slaves/a/drain")).body).toEqual({ success: true, state: "draining" });
  await cluster.waitFor(id, ({ slave_states }) => slave_states["b"]?.vus === 20 && slave_states["a"]?.vus === 0);
  const named = createLoad("named", target, 1, "1s", { target_slaves: { mode: "manual", slave_ids: ["a"] } });
  expect((await cluster.call("POST", "/workflows", { workflow: named })).body).toMatchObject({
    error: "scheduling_failed",
    message: "slave is not online: a",
  });
  expect((await cluster.call("POST", "/slaves/a/undrain")).body).toEqual({ success: true, state: "online" });
  expect((await cluster.call("POST", "/slaves/x/drain")).status).toBe(404);
  expect((await cluster.call("DELETE", `/executions/${id}`)).status).toBe(200);
  await cluster.finish(id);
  const report = await expectCounts(cluster, id, target);
  expect(report).toMatchObject({ reason: "stopped_by_api", degraded: false, lost: { iterations: 0 }, errors: [] });
});

test("a slave that died and comes back under its name takes what nobody had room for", {
  timeout: 150_000,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster();
  await cluster.addSlave("a", { maxVus: 20 });
  const dead = await cluster.addSlave("b", { maxVus: 20 });
  const id = await cluster.submit(createLoad("back", target, 40, "10m"));
  await cluster.waitFor(id, ({ active_vus }) => active_vus === 40);
  dead.child.kill("SIGKILL");
  await cluster.waitFor(id, ({ events }) => events.some(({ type }) => type === "capacity_short"));
  expect(await cluster.describe(id)).toMatchObject({
    status: "running",
    degraded: true,
    slave_states: { a: { status: "running", vus: 20 }, b: { status: "lost", vus: 0 } },
  });
  await cluster.addSlave("b", { maxVus: 20 });
  await cluster.waitFor(id, ({ slave_states, active_vus }) => slave_states["b"]?.vus === 20 && active_vus === 40);
  expect((await cluster.call("DELETE", `/executions/${id}`)).status).toBe(200);
  const report = await cluster.finish(id);
  expect(report).toMatchObject({ reason: "stopped_by_api", degraded: true });
  expect(report.events.map(({ type, slave_id: slave }) => `${type} ${slave ?? ""}`)).toEqual(
    expect.arrayContaining(["slave_lost b", "slave_joined b"]),
  );
});

test("a restarted master knows what has ended and goes on with what waits; secrets are in no file", {
  timeout: 150_000,
}, async () => {
  const target = await startTestTarget();
  const dataDir = makeDataDir();
  const cluster = await startCluster({ dataDir, args: ["--max-executions", "1"], heartbeatTimeout: "20s" });
  await cluster.addSlave("a", { maxVus: 10 });
  const secret = "open-sesame-4711";
  const first = await cluster.submit(
    {
      ...createHeld("first", target, 2),
      steps: [{ id: "get", type: "http", config: { url: "/", headers: { "x-token": "${secret.TOKEN}" } } }],
    },
    { secrets: { TOKEN: secret } },
  );
  await cluster.finish(first);
  const before = await cluster.describe(first);
  await target.hold();
  const second = await cluster.submit(createHeld("second", target, 2));
  const third = await cluster.submit(createHeld("third", target, 2));
  await cluster.waitFor(second, ({ active_vus }) => active_vus === 2);
  await cluster.restartMaster(200);
  expect(await cluster.waitFor(first, ({ status }) => status === "completed")).toEqual(before);
  await target.release();
  expect(await cluster.finish(second)).toMatchObject({ status: "completed" });
  expect(await cluster.finish(third)).toMatchObject({ status: "completed" });
  const { body } = await cluster.call("GET", "/workflows/third");
  expect(body as unknown as WorkflowSummary).toMatchObject({
    id: "third",
    status: "completed",
    latest_execution_id: third,
    executions: [third],
  });
  for (const file of readdirSync(dataDir)) {
    expect(readFileSync(join(dataDir, file)).includes(secret), file).toBe(false);
  }
});

test("a standalone master needs no slave; told to end with a store in memory it ends its executions first", {
  timeout: 150_000,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster({ args: ["--standalone"] });
  const done = await cluster.submit(createHeld("short", target, 3));
  expect(await cluster.finish(done)).toMatchObject({ status: "completed" });
  const id = await cluster.submit(createLoad("long", target, 3, "10m"));
  await cluster.waitFor(id, ({ active_vus }: Execution) => active_vus === 3);
  cluster.master.child.kill("SIGTERM");
  // Its load would go on for ten minutes: longer than a process of this test may live.
  const { code } = await cluster.master.finished;
  expect(code).toBe(0);
});
