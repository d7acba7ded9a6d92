import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Report } from "../../src/protocol/report.ts";
import { startCluster, waitUntil } from "../support/cluster.ts";
import { startCommand } from "../support/command.ts";
import { startTestTarget } from "../support/counting-target.ts";
import { checkOrder, createMeeting } from "../support/meeting.ts";

const places = ["run", "run --threads 2", "three slaves"] as const;

async function play(place: (typeof places)[number], workflow: object): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "rendezvous-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "load.json");
  const report = join(folder, "report.json");
  writeFileSync(file, JSON.stringify(workflow));
  const args = ["-q", "--out-json", report];
  if (place === "three slaves") {
    const cluster = await startCluster();
    for (const id of ["a", "b", "c"]) await cluster.addSlave(id);
    await startCommand(["submit", file, "--master", cluster.url, ...args], { deadlineMs: 170_000 }).finished;
  } else await startCommand([...place.split(" "), file, ...args], { deadlineMs: 170_000 }).finished;
  return JSON.parse(readFileSync(report, "utf8")) as Report;
}

const valueOf = (report: Report, metric: string) => report.metrics[metric]?.values["count"] ?? 0;

test.each(places)("five of nine VUs go on together, wherever they run: %s", { timeout: 180_000 }, async (place) => {
  const target = await startTestTarget();
  const options = { vus: 9, duration: "6s", graceful_stop: "50s" };
  const report = await play(place, createMeeting(target.url, { count: 5, timeout: "60s" }, options));
  const after = await checkOrder(target, 5);
  expect(after).toBeGreaterThanOrEqual(10);
  // What waits at the end for nobody any more is interrupted at once, and not failed.
  expect(report).toMatchObject({ status: "completed", passed: true, errors: [] });
  expect(after % 5).toBe(0);
  expect(valueOf(report, "iterations")).toBe(after);
  expect(valueOf(report, "interrupted_iterations")).toBeLessThan(5);
  expect(report.duration_ms).toBeLessThan(30_000);
});

test.each(places)("all that run go on together, to the last: %s", { timeout: 180_000 }, async (place) => {
  const target = await startTestTarget();
  const options = { vus: 9, mode: "per-vu-iterations", iterations: 4 };
  const report = await play(place, createMeeting(target.url, { all: true }, options));
  expect(await checkOrder(target, 9)).toBe(36);
  expect(report).toMatchObject({ status: "completed", passed: true, errors: [] });
  expect(valueOf(report, "iterations")).toBe(36);
});

test.each(places)(
  "whoever waits in vain fails, and hears how many had come: %s",
  { timeout: 180_000 },
  async (place) => {
    const target = await startTestTarget();
    const options = { vus: 3, iterations: 2, mode: "per-vu-iterations", on_error: "continue" };
    const report = await play(place, createMeeting(target.url, { count: 4, timeout: "700ms" }, options));
    const messages = report.errors.map(({ code, step_id, message }) => `${step_id} ${code} ${message}`).toSorted();
    expect(messages.length).toBeGreaterThan(0);
    for (const message of messages) expect(message).toMatch(/^meet timeout [123] of 4 VUs had come within 700 ms$/);
  },
);

test("a killed slave's VUs count no more, those who wait there go on without them, and a pause lets nobody's time run out", {
  timeout: 180_000,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster({ heartbeatTimeout: "6s" });
  const slaves = [];
  for (const id of ["a", "b", "c"]) slaves.push(await cluster.addSlave(id));
  const thresholds = { iteration_failed: ["rate == 0%"] };
  const options = { vus: 9, duration: "10m", on_slave_loss: "continue", thresholds };
  const id = await cluster.submit(createMeeting(target.url, { all: true, timeout: "40s" }, options));
  const seen = async (count: number) =>
    waitUntil(
      async () => (await target.count()) >= count,
      30_000,
      () => "the load stands still",
    );
  await seen(50);
  slaves[0]?.child.kill("SIGKILL");
  await cluster.waitFor(id, ({ slave_states: states }) => states["a"] === undefined || states["a"].vus === 0);
  await seen((await target.count()) + 50);
  await cluster.call("POST", `/executions/${id}/pause`);
  const paused = await target.count();
  await cluster.call("POST", `/executions/${id}/resume`);
  await seen(paused + 20);
  await cluster.call("DELETE", `/executions/${id}`);
  const report = await cluster.finish(id);
  // A wait at the moment of the loss lasted until the slave was given up, and no longer.
  expect(report.errors).toEqual([]);
  expect(report).toMatchObject({ status: "aborted", passed: true, degraded: true });
});
