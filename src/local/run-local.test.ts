import { expect, onTestFinished, test, vi } from "vitest";
import { type HttpTarget, startHttpTarget } from "../../test/support/http-steps.ts";
import { loadWorkflowObject } from "../definition/load-workflow.ts";
import type { Report } from "../protocol/report.ts";
import { createSystemClock } from "../run/system-clock.ts";
import { exitCodeOf } from "./exit-code.ts";
import { type LocalExecution, startLocal } from "./run-local.ts";

/** A target that answers after `delayMs` and `answer`, and an execution of GET steps against it. */
async function start(
  options: object,
  more: { readonly delayMs?: number; readonly answer?: Promise<void>; readonly workflow?: object } = {},
) {
  const { delayMs = 0, answer = Promise.resolve(), workflow = {} } = more;
  const target = await startHttpTarget((_, response) => {
    setTimeout(() => void answer.then(() => response.end("ok")), delayMs);
  });
  onTestFinished(() => target.close());
  const definition = {
    options: { http: { base_url: target.url }, ...options },
    steps: [{ id: "get", type: "http", config: { url: "/iteration" } }],
    ...workflow,
  };
  const loaded = loadWorkflowObject(definition, { env: {} });
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
  const execution = startLocal({
    workflow: loaded.workflow,
    inputs: { env: {}, secrets: {} },
    files: new Map(),
    threads: 1,
    cores: 2,
    clock: createSystemClock({ now: () => performance.now(), wall: () => Date.now() }),
    random: Math.random,
    log: () => {},
    targets: null,
    connections: {},
    mask: (text) => text,
    executionId: "x",
    engineVersion: "0",
  });
  return { target, execution };
}

const count = (report: Report, metric: string) => report.metrics[metric]?.values["count"];
const eventsOf = (report: Report) => report.events.map(({ type }) => type);
const waitUntil = (condition: () => boolean) =>
  vi.waitFor(() => expect(condition()).toBe(true), { timeout: 30_000, interval: 5 });

test("the target's own count is the report's, and every VU ends", async () => {
  const { target, execution } = await start({ vus: 4, iterations: 40 });
  const report = await execution.finished;
  expect(report).toMatchObject({ status: "completed", passed: true, reason: null, errors: [] });
  expect(target.seen.length).toBe(40);
  expect(count(report, "http_reqs")).toBe(40);
  expect(count(report, "iterations")).toBe(40);
  expect(eventsOf(report)).toEqual(["started"]);
});

test("setup runs once and is shared, teardown runs once after the load", async () => {
  const step = (id: string, url: string) => ({ id, type: "http", config: { url } });
  const extract = [{ name: "greeting", from: "body" }];
  const { target, execution } = await start(
    { vus: 3, iterations: 6 },
    {
      workflow: {
        setup: [{ ...step("before", "/setup"), extract }],
        steps: [step("get", "/iteration?${greeting}")],
        teardown: [step("after", "/teardown?${greeting}")],
      },
    },
  );
  const report = await execution.finished;
  expect(report.passed).toBe(true);
  const urls = target.seen.map(({ url }) => url);
  expect(urls[0]).toBe("/setup");
  expect(urls.slice(1, 7)).toEqual(Array.from({ length: 6 }, () => "/iteration?ok"));
  expect(urls.slice(7)).toEqual(["/teardown?ok"]);
  expect(count(report, "http_reqs")).toBe(8);
});

test("a paused execution starts nothing and its time stands; resumed it ends with all it had to do", async () => {
  const { target, execution } = await start({
    mode: "constant-arrival-rate",
    rate: 30,
    duration: "6s",
    // As many as there are starts: none is dropped on a machine that stalls.
    pre_allocated_vus: 180,
  });
  await waitUntil(() => target.seen.length >= 10);
  execution.pause();
  const stood = execution.testTimeMs();
  const quiet = async () => {
    const before = target.seen.length;
    // Quiet time is what is measured.
    await new Promise((resolve) => setTimeout(resolve, 110));
    return target.seen.length === before;
  };
  await vi.waitFor(async () => expect(await quiet()).toBe(true), { timeout: 30_000 });
  expect(execution.testTimeMs()).toBe(stood);
  execution.resume();
  const report = await execution.finished;
  expect(count(report, "iterations")).toBe(180);
  expect(target.seen.length).toBe(180);
  expect(report.paused_ms).toBeGreaterThanOrEqual(100);
  expect(eventsOf(report)).toEqual(["started", "paused", "resumed"]);
});

test("an externally controlled load follows scale and ends with stop", async () => {
  const { execution } = await start({ mode: "externally-controlled", vus: 1, max_vus: 8 }, { delayMs: 5 });
  await waitUntil(() => execution.view().activeVus === 1);
  execution.scale("default", 6, 0);
  await waitUntil(() => execution.view().activeVus === 6);
  execution.scale("default", 2, 0);
  await waitUntil(() => execution.view().activeVus === 2);
  execution.stop("stopped_by_api");
  const report = await execution.finished;
  expect(report).toMatchObject({ status: "aborted", passed: false, reason: "stopped_by_api" });
  expect(exitCodeOf(report, false)).toBe(103);
  expect(eventsOf(report)).toEqual(["started", "scaled", "scaled", "stopped"]);
});

test("a stop lets running iterations finish within their grace; a second one cuts them", async () => {
  const answers = Promise.withResolvers<void>();
  const slow = await start({ vus: 3, duration: "1m" }, { answer: answers.promise });
  await waitUntil(() => slow.target.seen.length === 3);
  slow.execution.stop("stopped_by_signal");
  answers.resolve();
  const graceful = await slow.execution.finished;
  expect(count(graceful, "iterations")).toBe(3);
  expect(slow.target.seen.length).toBe(3);
  expect(exitCodeOf(graceful, false)).toBe(105);

  const stuck = await start({ vus: 3, duration: "1m" }, { delayMs: 60_000 });
  await waitUntil(() => stuck.target.seen.length === 3);
  stuck.execution.stop("stopped_by_signal");
  stuck.execution.stop("stopped_by_signal", 0);
  const cut = await stuck.execution.finished;
  expect(count(cut, "iterations") ?? 0).toBe(0);
  expect(count(cut, "interrupted_iterations")).toBe(3);
  expect(count(cut, "http_reqs")).toBe(3);
});

test("a failed setup is told with its exit code, and nothing is loaded", async () => {
  const { target, execution } = await start(
    { vus: 3, iterations: 6 },
    {
      workflow: {
        setup: [{ id: "before", type: "http", config: { url: "/setup" }, assert: [{ type: "status", value: 201 }] }],
        teardown: [{ id: "after", type: "http", config: { url: "/teardown" } }],
      },
    },
  );
  const report = await execution.finished;
  expect(report).toMatchObject({ status: "failed", passed: false, reason: "setup_failed", start_time: null });
  expect(exitCodeOf(report, false)).toBe(107);
  expect(target.seen.map(({ url }) => url)).toEqual(["/setup"]);
  expect(report.errors).toMatchObject([{ code: "assertion", step_id: "before", count: 1 }]);
  expect(eventsOf(report)).toEqual(["teardown_not_run"]);
});

test("stopping in the middle of setup ends at once", async () => {
  const { target, execution }: { target: HttpTarget; execution: LocalExecution } = await start(
    { vus: 1, iterations: 1 },
    { delayMs: 60_000, workflow: { setup: [{ id: "before", type: "http", config: { url: "/setup" } }] } },
  );
  await waitUntil(() => target.seen.length === 1);
  execution.stop("stopped_by_signal");
  const report = await execution.finished;
  expect(report).toMatchObject({ status: "aborted", reason: "stopped_by_signal", start_time: null });
  expect(target.seen.length).toBe(1);
});
