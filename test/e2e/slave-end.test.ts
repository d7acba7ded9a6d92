import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { expectCounts } from "../support/accounts.ts";
import { startCluster } from "../support/cluster.ts";
import { runCommand, startCommand } from "../support/command.ts";
import { startTestTarget } from "../support/counting-target.ts";

const timeout = 180_000;

test("a slave whose log nobody reads any more ends when it is told to", { timeout }, async () => {
  const args = ["slave", "start", "--id", "alone", "--master", "127.0.0.1:1", "--address", "127.0.0.1:0"];
  const slave = startCommand(args);
  await slave.seen(/cannot join/);
  slave.child.stdout?.destroy();
  slave.child.kill("SIGTERM");
  expect((await slave.finished).code).toBe(0);
});

test("a slave that is told to end while its master is away hands its VUs over first", { timeout }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "we-slave-end-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const target = await startTestTarget();
  const cluster = await startCluster({ dataDir: folder, heartbeatTimeout: "20s" });
  const leaves = await cluster.addSlave("leaves");
  await cluster.addSlave("stays");
  const id = await cluster.submit({
    options: { vus: 6, duration: "10m", think_time: "20ms", thresholds: { http_req_failed: ["rate < 1%"] } },
    steps: [{ type: "http", config: { url: target.url } }],
  });
  await cluster.waitFor(id, ({ active_vus }) => active_vus === 6);
  const back = cluster.restartMaster(0);
  await leaves.seen(/dialling again/);
  leaves.child.kill("SIGTERM");
  await back;
  expect((await leaves.finished).code).toBe(0);
  expect(leaves.shown()).not.toMatch(/that nobody took over|that were not acknowledged/);
  await cluster.waitFor(id, ({ active_vus, slave_states: states }) => active_vus === 6 && states["stays"]?.vus === 6);
  await cluster.call("DELETE", `/executions/${id}`);
  const report = await cluster.finish(id);
  expect(report).toMatchObject({ passed: true, lost: { iterations: 0 }, late: { frames: 0 } });
  await expectCounts(cluster, id, target);
});

test("the id of a slave takes letters of any script, digits, _ and -", { timeout }, async () => {
  const cluster = await startCluster();
  await cluster.addSlave("节点_1-ü");
  for (const id of ["web.1", "a b", "x/y", "x".repeat(65)]) {
    const { code, stderr } = await runCommand(["slave", "start", "--id", id, "--master", cluster.url]);
    expect([id, code, stderr]).toEqual([id, 104, expect.stringContaining("letters, digits, _ and -, at most 64")]);
  }
});
