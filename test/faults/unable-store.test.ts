import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { startCluster } from "../support/cluster.ts";
import { startTestTarget } from "../support/counting-target.ts";
import { createFolder } from "../support/workflows.ts";

test("a store that takes nothing for a while after a restart ends no execution: it is taken up when it can be", {
  timeout: 240_000,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster({ heartbeatTimeout: "60s", dataDir: createFolder() });
  await cluster.addSlave("a");
  const step = { id: "get", type: "http", config: { url: target.url } };
  const over = await cluster.submit({ id: "over", options: { vus: 1, iterations: 1 }, steps: [step] });
  await cluster.finish(over);
  const id = await cluster.submit({
    id: "load",
    options: { vus: 5, duration: "10m", think_time: "50ms" },
    steps: [step],
  });
  await cluster.waitFor(id, ({ active_vus }) => active_vus === 5);
  // As on a full disk: no file of it can grow.
  await cluster.restartMaster(0, undefined, ["prlimit", "--fsize=0:unlimited"]);
  await cluster.master.seen(/it is not taken up yet, and tried again: .*(I\/O error|full)/);
  expect(await cluster.call("GET", `/executions/${id}`)).toMatchObject({ status: 503, body: { error: "not_ready" } });
  const pause = await cluster.call("POST", `/executions/${id}/pause`);
  expect(pause).toMatchObject({ status: 503, body: { error: "not_ready" } });
  expect((await cluster.call("GET", `/executions/${over}/report`)).status).toBe(200);
  const { body } = await cluster.call("GET", "/executions");
  expect(body).toMatchObject({
    executions: [
      { id, status: "running" },
      { id: over, status: "completed" },
    ],
  });
  const before = await target.count();
  await expect.poll(() => target.count()).toBeGreaterThan(before + 100);
  execFileSync("prlimit", [`--pid=${cluster.master.child.pid}`, "--fsize=unlimited"]);
  await expect.poll(async () => (await cluster.call("GET", `/executions/${id}`)).status, { timeout: 30_000 }).toBe(200);
  await cluster.waitFor(id, ({ active_vus }) => active_vus === 5);
  await cluster.call("DELETE", `/executions/${id}`);
  const { metrics, late, events, ...report } = await cluster.finish(id);
  expect(report).toMatchObject({ status: "aborted", reason: "stopped_by_api", degraded: false });
  expect(events.map(({ type }) => type)).toEqual(["started", "owner_changed", "stopped"]);
  expect((metrics["http_reqs"]?.values["count"] ?? 0) + late.http_reqs + 1).toBe(await target.count());
});
