import picocolors from "picocolors";
import { expect, test } from "vitest";
import type { LiveView } from "../report/live.ts";
import { formatLiveLine, formatLiveView, measureProgress } from "./progress-text.ts";
import type { Side } from "./terminal.ts";

const view: LiveView = {
  testTimeMs: 67_400,
  activeVus: 10,
  allocatedVus: 10,
  plannedVus: 10,
  requests: 123_456,
  requestsPerSecond: 2_345,
  averageRequestsPerSecond: 2_000,
  p95Ms: 12.34,
  errorRate: 0.0123,
  iterations: 61_728,
  droppedIterations: 0,
  errors: 5,
};

function createSide(width: number): Side {
  return { interactive: true, colored: false, colors: picocolors.createColors(false), width: () => width };
}

test("a plain line tells how far and how it goes", () => {
  expect(formatLiveLine(view, { durationMs: 3_600_000, iterations: null })).toBe(
    "1:07 / 1:00:00  10 VUs  2,345 req/s  p95 12.3 ms  1.23% failed  61,728 iterations\n",
  );
});

test("a search for the limit tells its level first", () => {
  expect(formatLiveLine({ ...view, level: "level 3: 60/s" }, { durationMs: null, iterations: null })).toBe(
    "1:07  level 3: 60/s  10 VUs  2,345 req/s  p95 12.3 ms  1.23% failed  61,728 iterations\n",
  );
});

test("an output that fails or loses points is told, another is not", () => {
  const output = {
    type: "influxdb" as const,
    target: "http://***@127.0.0.1/we",
    sent: 10,
    dropped: 0,
    waiting: 0,
    retries: 0,
    last_error: null,
    failing: false,
  };
  const outputs = [
    output,
    { ...output, failing: true, waiting: 1_234, last_error: "it answered 503" },
    { ...output, dropped: 5, last_error: "it answered 400: no" },
  ];
  const told = [
    "output influxdb http://***@127.0.0.1/we: failing, 1,234 points wait (it answered 503)",
    "output influxdb http://***@127.0.0.1/we: 5 points dropped (it answered 400: no)",
  ];
  const goal = { durationMs: null, iterations: null };
  expect(formatLiveLine({ ...view, outputs }, goal)).toContain(`61,728 iterations  ${told.join("  ")}\n`);
  expect(formatLiveView({ ...view, outputs }, goal, createSide(100)).slice(2)).toEqual(told);
});

test("before the first answer nothing is made up", () => {
  const empty = { ...view, p95Ms: null, errorRate: null, iterations: 0, requestsPerSecond: 0 };
  expect(formatLiveLine(empty, { durationMs: null, iterations: null })).toBe(
    "1:07  10 VUs  0 req/s  p95 -  - failed  0 iterations\n",
  );
});

test("the live view has a bar and fits into the terminal", () => {
  const goal = { durationMs: 134_800, iterations: null };
  expect(formatLiveView({ ...view, droppedIterations: 7 }, goal, createSide(100))).toEqual([
    "1:07 / 2:14  ████████████░░░░░░░░░░░░ 50%",
    "10 VUs  2,345 req/s  p95 12.3 ms  1.23% failed  61,728 iterations  7 dropped",
  ]);
  expect(formatLiveView(view, goal, createSide(30))).toEqual(["1:07 / 2:14 50%", "10 VUs  2,345 req/s  p95 12.…"]);
});

test.each([
  ["iterations count where the load is a number of them", { durationMs: 1, iterations: 123_456 }, 0.5],
  ["time counts elsewhere", { durationMs: 67_400, iterations: null }, 1],
  ["never more than all", { durationMs: 1_000, iterations: null }, 1],
  ["an open end has no share", { durationMs: null, iterations: null }, null],
] as const)("%s", (_name, goal, share) => {
  expect(measureProgress(view, goal)).toBe(share);
});
