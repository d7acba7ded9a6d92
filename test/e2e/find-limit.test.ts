import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { FoundLimit } from "../../src/protocol/report.ts";
import type { Report } from "../../src/protocol/report.ts";
import { startCluster } from "../support/cluster.ts";
import { runCommand } from "../support/command.ts";
import { startDemo } from "../support/demo.ts";

const summaryOf = ({ levels }: FoundLimit) => levels.map(({ target, held }) => `${target}${held ? "+" : "-"}`);

const search = { from: 20, to: 1_000, factor: 4, hold: "2s", tolerance: "100%" };

/**
 * A target that gives a hundred answers a second, one after the other. A quarter above it waits grow by a quarter of a
 * second each second; at 320 a second by more than two: so this holds at 80 though the machine stalls for a second, and
 * breaks at 320 whatever the machine does.
 */
const workflow = (baseUrl: string): object => ({
  id: "limit",
  options: {
    mode: "find-limit",
    find_limit: search,
    max_vus: 200,
    http: { base_url: baseUrl },
    thresholds: [
      { metric: "http_req_duration", condition: "p(95) < 1500ms" },
      { metric: "http_req_failed", condition: "rate < 1%" },
    ],
  },
  steps: [{ id: "ask", type: "http", config: { url: "/capacity/100" } }],
});

function expectKnee(report: Report): void {
  const found = report.find_limit as FoundLimit;
  expect(summaryOf(found).slice(0, 3)).toEqual(["20+", "80+", "320-"]);
  expect(found.limit).toBeGreaterThanOrEqual(80);
  expect(found.limit).toBeLessThan(320);
  expect(found.reason).toMatch(/^\d+\/s does not hold: .*http_req_duration: p\(95\) < 1500ms was [\d.]+/);
  expect(report).toMatchObject({ status: "completed", passed: true, reason: null });
  expect(report.thresholds.map(({ passed }) => passed)).toEqual([true, true]);
  for (const { target, held, achieved_per_s: achieved } of found.levels) {
    // What broke is at the target's capacity, not at what was asked.
    if (held) expect(achieved).toBeGreaterThan(target * 0.4);
    else if (target >= 320) expect(achieved).toBeLessThan(target * 0.9);
  }
}

test("the knee of the target is found, and the summary shows every level", { timeout: 300_000 }, async () => {
  const demo = await startDemo();
  const folder = mkdtempSync(join(tmpdir(), "workflow-engine-limit-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [file, out] = [join(folder, "limit.json"), join(folder, "report.json")];
  writeFileSync(file, JSON.stringify(workflow(demo.url)));
  const { code, stdout, stderr } = await runCommand(["run", file, "--out-json", out], { deadlineMs: 280_000 });
  expectKnee(JSON.parse(readFileSync(out, "utf8")) as Report);
  expect(code).toBe(0);
  expect(stdout).toMatch(/ {2}LIMIT {2}\d+\/s {2}\d+\/s does not hold: http_req_duration: p\(95\) < 1500ms/);
  expect(stdout).toMatch(/ {4}✓ +20\/s +\d[.\d]*\/s +0 +http_req_duration: p\(95\) < 1500ms +[\d.]+ m?s\n/);
  expect(stdout).toMatch(/ {4}✗ +320\/s/);
  expect(stderr + stdout).toMatch(/level [12]: [28]0\/s/);
});

test("two slaves: a pause stands still, a scale is refused, and a master that is killed goes on where it was", {
  timeout: 400_000,
}, async () => {
  const demo = await startDemo();
  const dataDir = mkdtempSync(join(tmpdir(), "workflow-engine-limit-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const cluster = await startCluster({ heartbeatTimeout: "10s", dataDir });
  for (const slave of ["a", "b"]) await cluster.addSlave(slave, { maxVus: 200 });
  const id = await cluster.submit(workflow(demo.url));
  const levelsOf = (messages: readonly string[]) =>
    messages.filter((message) => / held$| broke: /.test(message)).length;
  const waitForLevels = (count: number) =>
    cluster.waitFor(id, ({ events }) => levelsOf(events.map(({ message }) => message)) >= count, 120_000);
  const first = await waitForLevels(1);
  expect(first.mode).toBe("find-limit");
  expect(await cluster.call("POST", `/executions/${id}/scale`, { scenario: "default", target_rate: 7 })).toMatchObject({
    status: 409,
    body: { error: "conflict", message: "scenario default: its load is set by the search for its limit" },
  });
  expect((await cluster.call("POST", `/executions/${id}/pause`)).status).toBe(200);
  const paused = await cluster.describe(id);
  // Longer than a level takes: a second to settle, two to hold, and its frames.
  await cluster.waitFor(id, ({ paused_ms: pausedMs }) => pausedMs > 4_500);
  expect((await cluster.describe(id)).events.length).toBe(paused.events.length);
  expect((await cluster.call("POST", `/executions/${id}/resume`)).status).toBe(200);
  await waitForLevels(2);
  await cluster.restartMaster(500);
  const report = await cluster.finish(id, 200_000);
  expectKnee(report);
  expect(report.events.map(({ type }) => type)).toEqual(expect.arrayContaining(["owner_changed", "paused", "resumed"]));
  expect(report.slaves.map(({ id: slave }) => slave)).toEqual(["a", "b"]);
});
