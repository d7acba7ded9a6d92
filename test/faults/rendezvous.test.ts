import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readReport } from "../support/accounts.ts";
import { startCluster, waitUntil } from "../support/cluster.ts";
import { startTestTarget } from "../support/counting-target.ts";
import { checkOrder, createMeeting } from "../support/meeting.ts";

test("a master killed while VUs wait for each other: after its restart all go on together, each once", {
  timeout: 240_000,
}, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "rendezvous-restart-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const target = await startTestTarget();
  const cluster = await startCluster({ heartbeatTimeout: "60s", dataDir });
  for (const id of ["a", "b"]) await cluster.addSlave(id);
  const options = { vus: 6, mode: "per-vu-iterations", iterations: 20 };
  const id = await cluster.submit(createMeeting(target.url, { all: true, timeout: "5m" }, options));
  await waitUntil(
    async () => (await target.count()) >= 60,
    30_000,
    () => "the load stands still",
  );
  await cluster.restartMaster(2_000);
  await cluster.finish(id);
  const report = await readReport(cluster, id);
  expect(report).toMatchObject({ status: "completed", passed: true, degraded: false, errors: [] });
  expect(report.events.map(({ type }) => type)).toEqual(["started", "owner_changed"]);
  expect(await checkOrder(target, 6)).toBe(120);
  expect(report.metrics["iterations"]?.values["count"]).toBe(120);
});
