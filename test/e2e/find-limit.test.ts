import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { FoundLimit } from "../../src/protocol/report.ts";
import type { Report } from "../../src/protocol/report.ts";
import { startCluster } from "../support/cluster.ts";
import { runCommand } from "../support/command.ts";
import { startDemo } from "../support/demo.ts";

const summaryOf = ({ levels }: FoundLimit) => levels.map(({ target, held }) => `${target}${held ? "+" : "-"}`);

/** The knee is at 90 a second; a busy machine may break a level below it, never hold one far above. */
function expectKnee(report: Report): void {
  const found = report.find_limit as FoundLimit;
  expect(summaryOf(found).slice(0, 2)).toEqual(["20+", "40+"]);
  expect(summaryOf(found)).toContain("160-");
  expect(found.limit).toBeGreaterThanOrEqual(40);
  // 25 % of tolerance; just above the knee the queue needs longer than the level to show.
  expect(found.limit).toBeLessThan(113);
  expect(found.reason).toMatch(/^\d+\/s does not hold: .*http_req_duration: p\(95\) < 300ms was [\d.]+/);
  expect(report).toMatchObject({ status: "completed", passed: true, reason: null });
  expect(report.thresholds.map(({ passed }) => passed)).toEqual([true, true]);
  for (const { target, held, achieved_per_s: achieved } of found.levels) {
    // What broke is at the target's capacity, not at what was asked.
    if (held) expect(Math.abs(achieved - target)).toBeLessThan(target * 0.25);
    else if (target >= 120) expect(achieved).toBeLessThan(target * 0.9);
  }
}

test("the example finds the knee of its target, and its summary shows every level", { timeout: 150_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "workflow-engine-limit-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const args = ["-e", "hold=2s", "-e", "tolerance=25%", "--out-json", join(folder, "report.json")];
  const { code, stdout, stderr } = await runCommand(["run", "examples/find-limit.yaml", "--demo-target", ...args], {
    deadlineMs: 140_000,
  });
  expectKnee(JSON.parse(readFileSync(join(folder, "report.json"), "utf8")) as Report);
  expect(code).toBe(0);
  expect(stdout).toMatch(/ {2}LIMIT {2}\d+\/s {2}\d+\/s does not hold: http_req_duration: p\(95\) < 300ms/);
  expect(stdout).toMatch(/ {4}✓ +20\/s +(?:19|20)[.\d]*\/s +0 +http_req_duration: p\(95\) < 300ms +[\d.]+ ms\n/);
  expect(stdout).toMatch(/ {4}✗ +160\/s/);
  expect(stderr + stdout).toMatch(/level [12]: [24]0\/s/);
});

test("two slaves: a pause stands still, a scale is refused, and a master that is killed goes on where it was", {
  timeout: 200_000,
}, async () => {
  const demo = await startDemo();
  const dataDir = mkdtempSync(join(tmpdir(), "workflow-engine-limit-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const cluster = await startCluster({ heartbeatTimeout: "10s", dataDir });
  for (const slave of ["a", "b"]) await cluster.addSlave(slave, { maxVus: 200 });
  const id = await cluster.submit({
    id: "limit",
    options: {
      mode: "find-limit",
      find_limit: { from: 20, to: 1_000, factor: 2, hold: "2s", tolerance: "25%" },
      max_vus: 300,
      http: { base_url: demo.url },
      thresholds: {
        http_req_duration: ["p(95) < 300ms"],
        http_req_failed: ["rate < 1%"],
      },
    },
    steps: [{ id: "ask", type: "http", config: { url: "/capacity/90" } }],
  });
  const levelsOf = (messages: readonly string[]) =>
    messages.filter((message) => / held$| broke: /.test(message)).length;
  const waitForLevels = (count: number) =>
    cluster.waitFor(id, ({ events }) => levelsOf(events.map(({ message }) => message)) >= count, 60_000);
  const first = await waitForLevels(1);
  expect(first.mode).toBe("find-limit");
  expect(await cluster.call("POST", `/executions/${id}/scale`, { scenario: "default", target_rate: 7 })).toMatchObject({
    status: 409,
    body: { error: "conflict", message: "scenario default: its load is set by the search for its limit" },
  });
  expect((await cluster.call("POST", `/executions/${id}/pause`)).status).toBe(200);
  const paused = await cluster.describe(id);
  // Longer than a level takes.
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  expect((await cluster.describe(id)).events.length).toBe(paused.events.length);
  expect((await cluster.call("POST", `/executions/${id}/resume`)).status).toBe(200);
  await waitForLevels(2);
  await cluster.restartMaster(500);
  const report = await cluster.finish(id, 120_000);
  expectKnee(report);
  expect(report.events.map(({ type }) => type)).toEqual(expect.arrayContaining(["owner_changed", "paused", "resumed"]));
  expect(report.slaves.map(({ id: slave }) => slave)).toEqual(["a", "b"]);
});
