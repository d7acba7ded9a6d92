import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import type { Execution, StreamMessage } from "../../src/protocol/rest.ts";
import { type Cluster, startCluster, waitUntil } from "../support/cluster.ts";
import { startCommand } from "../support/command.ts";
import { startTestTarget } from "../support/counting-target.ts";

/** Begins `submit` of a workflow of one step against a target. */
function beginSubmit(cluster: Cluster, url: string, options: object, args: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), "we-queue-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "test.json");
  const steps = [
    { id: "get", type: "http", config: { url, headers: { "x-slave": "${slave.id}" } }, think_time: "20ms" },
  ];
  writeFileSync(file, JSON.stringify({ options, steps }));
  return startCommand(["submit", file, ...args], { deadlineMs: 170_000, env: { WE_MASTER_URL: cluster.url } });
}

const timeout = 180_000;

test("the next in the queue starts as soon as one has ended, and a short one costs no idle second", {
  timeout: 180_000,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster({ args: ["--max-executions", "3"] });
  await cluster.addSlave("s1");
  const workflow = { options: { vus: 1, iterations: 1 }, steps: [{ type: "http", config: { url: target.url } }] };
  const ids = await Promise.all(Array.from({ length: 60 }, () => cluster.submit(workflow)));
  for (const id of ids) expect((await cluster.finish(id)).passed).toBe(true);
  expect(await target.count()).toBe(60);
  const { body } = await cluster.call("GET", "/executions?limit=100");
  const runs = (body["executions"] as readonly Execution[])
    .map(({ start_time, end_time }) => ({ start: Date.parse(start_time ?? ""), end: Date.parse(end_time ?? "") }))
    .toSorted((left, right) => left.start - right.start);
  expect(runs.length).toBe(60);
  // The fourth starts where one of three has ended.
  const held = runs.slice(3).map(({ start }, place) => start - (runs[place]?.start ?? 0));
  // With an idle second none would take less than one; a busy machine makes all slower, but hardly every one.
  expect(Math.min(...held)).toBeLessThan(900);
  for (const { start } of runs) {
    expect(runs.filter((other) => other.start <= start && start < other.end).length).toBeLessThanOrEqual(3);
  }
});

test("--wait waits for slaves that are not there yet, and says so", { timeout }, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster();
  const command = beginSubmit(cluster, target.url, { vus: 3, iterations: 3 }, ["--wait", "2m"]);
  await command.seen(/waiting for its turn, or for slaves with room/);
  await cluster.addSlave("small", { maxVus: 2 });
  expect((await cluster.describe("latest")).status).toBe("pending");
  await cluster.addSlave("more", { maxVus: 1 });
  expect(await command.finished).toMatchObject({ code: 0, stdout: expect.stringContaining("✓ passed") });
  expect((await target.list()).map(({ slave }) => slave).toSorted()).toEqual(["more", "small", "small"]);
});

test("a stream of one that waits tells so at once and every second, then how it goes", { timeout }, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster({ args: ["--max-executions", "1"] });
  await cluster.addSlave("s1");
  const load = {
    options: { vus: 1, duration: "10m", think_time: "50ms", thresholds: { http_req_failed: ["rate < 1%"] } },
    steps: [{ type: "http", config: { url: target.url } }],
  };
  const first = await cluster.submit(load);
  await cluster.waitFor(first, ({ active_vus }) => active_vus === 1);
  const second = await cluster.submit(load);
  const told: StreamMessage[] = [];
  const socket = new WebSocket(`${cluster.url.replace("http", "ws")}/api/v1/executions/${second}/ws`);
  onTestFinished(() => socket.terminate());
  socket.on("message", (data) => told.push(JSON.parse(String(data)) as StreamMessage));
  const explain = () => JSON.stringify(told);
  await waitUntil(() => Promise.resolve(told.length >= 3), 30_000, explain);
  expect(told.slice(0, 3)).toEqual(
    told.slice(0, 3).map(() => expect.objectContaining({ type: "metrics", execution_id: second, status: "pending" })),
  );
  await cluster.call("DELETE", `/executions/${first}`);
  const isRunning = (message: StreamMessage) => message.type === "metrics" && message.status === "running";
  await waitUntil(() => Promise.resolve(told.some(isRunning)), 30_000, explain);
  const sent = await target.count();
  await expect.poll(() => target.count()).toBeGreaterThan(sent + 1);
  await cluster.call("DELETE", `/executions/${second}`);
  await waitUntil(() => Promise.resolve(told.at(-1)?.type === "complete"), 30_000, explain);
  expect(told.at(-1)).toMatchObject({ type: "complete", status: "aborted", report: { passed: true } });
});

test("--fail-on-degraded: 111 where a slave was lost, though all thresholds hold", { timeout }, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster({ heartbeatTimeout: "6s" });
  await cluster.addSlave("stays");
  const dies = await cluster.addSlave("dies");
  const options = { vus: 4, duration: "15s", thresholds: { http_reqs: ["count > 1"] } };
  const command = beginSubmit(cluster, target.url, options, ["--fail-on-degraded"]);
  await command.seen(/submitted to/);
  await cluster.waitFor("latest", ({ active_vus }) => active_vus === 4);
  dies.child.kill("SIGKILL");
  const { code, stdout, stderr } = await command.finished;
  expect([code, stdout]).toEqual([111, expect.stringMatching(/! the run was degraded\n[^]*✓ passed/)]);
  expect(stderr).toMatch(/warning: dies /);
});

test("Ctrl-C while the master is away: it hears of it once it is back", { timeout }, async () => {
  const target = await startTestTarget();
  const folder = mkdtempSync(join(tmpdir(), "we-away-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const cluster = await startCluster({ dataDir: folder, heartbeatTimeout: "20s" });
  await cluster.addSlave("s1");
  const command = beginSubmit(cluster, target.url, { vus: 2, duration: "10m" }, []);
  await command.seen(/submitted to/);
  await cluster.waitFor("latest", ({ active_vus }) => active_vus === 2);
  cluster.master.child.kill("SIGKILL");
  await command.seen(/trying again for 5 minutes/);
  command.child.kill("SIGINT");
  await command.seen(/press Ctrl-C again to leave without it/);
  await cluster.restartMaster(0);
  const { code, stdout } = await command.finished;
  expect([code, stdout]).toEqual([105, expect.stringContaining("stopped by a signal")]);
});

test("Ctrl-C twice while the master is away leaves, and says what may go on", { timeout }, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster();
  await cluster.addSlave("s1");
  const command = beginSubmit(cluster, target.url, { vus: 2, duration: "10m" }, []);
  await command.seen(/submitted to/);
  cluster.master.child.kill("SIGKILL");
  await command.seen(/trying again for 5 minutes/);
  command.child.kill("SIGINT");
  await command.seen(/press Ctrl-C again to leave without it/);
  command.child.kill("SIGINT");
  const { code, stderr } = await command.finished;
  expect([code, stderr]).toEqual([105, expect.stringMatching(/\S+ may go on: no master answers/)]);
});

test("where too many wait a submit is refused with 429, when to come again, and leaves nothing behind", {
  timeout,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster({ args: ["--max-executions", "1"], env: { WE_MASTER_TASK_QUEUE_SIZE: "1" } });
  await cluster.addSlave("s1");
  const workflow = { options: { vus: 1, duration: "10m" }, steps: [{ type: "http", config: { url: target.url } }] };
  const ids = [await cluster.submit(workflow), await cluster.submit(workflow)];
  const response = await fetch(`${cluster.url}/api/v1/workflows`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ workflow }),
  });
  expect([response.status, response.headers.get("retry-after")]).toEqual([429, "5"]);
  expect(await response.json()).toMatchObject({
    error: "queue_full",
    message: expect.stringContaining("1 executions wait"),
  });
  expect((await cluster.call("GET", "/executions")).body).toMatchObject({ total: 2 });
  for (const id of ids) expect((await cluster.call("DELETE", `/executions/${id}`)).status).toBe(200);
});
