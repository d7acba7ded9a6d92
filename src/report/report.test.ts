import { stripVTControlCharacters } from "node:util";
import stringWidth from "string-width";
import { expect, test } from "vitest";
import { completeScenario, completeStep, completeWorkflow } from "../../test/support/workflow-fixtures.ts";
import type { Recorder } from "../measure/recorder.ts";
import { applyFrame, createSnapshot, type Snapshot } from "../measure/snapshot.ts";
import { createRecorder } from "../measure/thread-recorder.ts";
import type { Report } from "../protocol/report.ts";
import type { Step, Threshold, Workflow } from "../protocol/workflow.ts";
import { buildReport } from "./build-report.ts";
import type { ExecutionFacts } from "./execution-facts.ts";
import { summarize } from "./live.ts";
import { isFileFormat } from "./file-formats.ts";
import { reportFormats } from "./report-formats.ts";

const startedAt = Date.UTC(2026, 10, 23, 12);

function makeWorkflow(steps: readonly Step[], thresholds: readonly Threshold[] = []): Workflow {
  return completeWorkflow({
    id: "shop",
    name: "商店 checkout",
    metrics: { basket: "trend" },
    scenarios: [completeScenario({ load: { mode: "constant-vus", vus: 2, durationMs: 4_000, rampUpMs: 0 }, steps })],
    thresholds,
    tags: { team: "a" },
    options: { vus: 2, duration: "4s" },
  });
}

function makeStep(id: string): Step {
  return completeStep({ id, type: "http" });
}

const workflow = makeWorkflow([
  makeStep("登录"),
  completeStep({ id: "g", type: "group", config: { steps: [] } }),
  makeStep("buy"),
]);

function record(recorder: Recorder, second: number): void {
  for (const [step, slow] of [
    ["buy", 3],
    ["登录", 1],
  ] as const) {
    const tags = { step, scenario: "default" };
    for (let at = 1; at <= 50; at++) {
      const failed = step === "buy" && at % 25 === 0;
      recorder.trend("step_duration", tags).add(at * 1_000 * slow);
      recorder.trend("http_req_duration", { ...tags, status: failed ? "503" : "200" }).add(at * 1_000 * slow);
      recorder.trend("http_req_tls_handshaking", tags).add(0);
      recorder.rate("step_failed", tags).add(failed);
      recorder.rate("http_req_failed", tags).add(failed);
      recorder.counter("http_reqs", tags).add(1);
      recorder.counter("data_received", tags).add(1_500);
      recorder.rate("checks", { ...tags, check: "状态 200" }).add(!failed);
      if (failed) {
        recorder.error(step, "http_503", "status 503 is not expected", () => ({
          time: startedAt + second * 1_000,
          url: "POST http://shop.test/buy",
          status: 503,
          body: "sold\u001b[31m out\n",
        }));
      }
    }
  }
  recorder.counter("iterations", {}).add(50);
  recorder.trend("basket", {}).add(12_345);
}

function gather(seconds = 4): Snapshot {
  const snapshot = createSnapshot({ metrics: workflow.metrics, thresholds: [] });
  const recorder = createRecorder({ clock: { wall: () => startedAt }, masker: (text) => text });
  for (let second = 0; second < seconds; second++) {
    record(recorder, second);
    applyFrame(snapshot, "local", {
      number: second + 1,
      second,
      testTimeMs: (second + 1) * 1_000,
      warmUp: false,
      ...recorder.cut(),
      vus: [{ scenario: "default", active: 2, most: 2, allocated: 2, planned: 2, iterations: 0 }],
      generator: { cpu: 0.25, eventLoopLagMs: 1.5, memory: 1 },
    });
  }
  return snapshot;
}

const facts: ExecutionFacts = {
  engineVersion: "0.1.0",
  executionId: "exec-1",
  workflow,
  status: "failed",
  passed: false,
  degraded: false,
  reason: "thresholds",
  startedAt,
  endedAt: startedAt + 4_000,
  pausedMs: 0,
  thresholds: [
    { metric: "http_req_duration{step:buy}", condition: "p(95) < 100ms", passed: false, value: 143.9 },
    { metric: "http_req_failed", condition: "rate < 5%", passed: true, value: 0.02 },
    { metric: "http_reqs", condition: "rate > 10", passed: true, value: 100 },
    { metric: "basket", condition: "max < 5", passed: null, value: null },
  ],
  events: [],
  startSkewMs: null,
};

test("the report has every number of the snapshot", () => {
  const report = buildReport(gather(), facts);
  expect(report).toMatchObject({
    schema: 1,
    engine_version: "0.1.0",
    execution_id: "exec-1",
    workflow_id: "shop",
    workflow_name: "商店 checkout",
    status: "failed",
    passed: false,
    reason: "thresholds",
    start_time: "2026-11-23T12:00:00.000Z",
    end_time: "2026-11-23T12:00:04.000Z",
    duration_ms: 4_000,
    paused_ms: 0,
    options: { vus: 2, duration: "4s" },
    tags: { team: "a" },
    slaves: [{ id: "local", vus: 2, iterations: 200, cpu: 0.25, event_loop_lag_ms: 1.5 }],
    start_skew_ms: null,
    lost: { iterations: 0, interval_ms: 0, estimated: false },
    late: { frames: 0, http_reqs: 0, iterations: 0 },
    warm_up: { http_reqs: 0, iterations: 0 },
    generator: { verdict: "ok", reasons: [] },
    series_overflow: {},
  });
  expect(Object.keys(report.metrics)).toEqual([
    "checks",
    "iterations",
    "step_duration",
    "step_failed",
    "http_reqs",
    "http_req_failed",
    "http_req_duration",
    "http_req_duration{step:buy}",
    "http_req_tls_handshaking",
    "data_received",
    "vus",
    "vus_max",
    "basket",
  ]);
  expect(report.metrics["http_reqs"]).toEqual({
    type: "counter",
    contains: "default",
    values: { count: 400, rate: 100 },
    thresholds: { "rate > 10": { ok: true } },
  });
  expect(report.metrics["http_req_failed"]?.values).toEqual({ rate: 0.02, passes: 8, fails: 392 });
  expect(report.metrics["data_received"]).toMatchObject({
    contains: "data",
    values: { count: 600_000, rate: 150_000 },
  });
  expect(report.metrics["vus"]?.values).toEqual({ value: 2, min: 2, max: 2 });
  expect(report.metrics["http_req_duration{step:buy}"]).toMatchObject({
    type: "trend",
    contains: "time",
    values: { min: 3, max: 150, avg: 76.5, count: 200 },
    thresholds: { "p(95) < 100ms": { ok: false } },
  });
  expect(report.metrics["basket"]?.values).toMatchObject({
    min: 12.345,
    max: 12.345,
    avg: 12.345,
    med: 12.345,
    count: 4,
  });
  expect(report.metrics["basket"]?.histogram).toEqual([[12.288, 12.415, 4]]);
  expect(report.metrics["basket"]?.thresholds).toBeUndefined();
});

test("percentiles in the report are within 0.8 % of the exact ones", () => {
  const values = buildReport(gather(), facts).metrics["http_req_duration{step:buy}"]?.values ?? {};
  for (const [key, exact] of [
    ["med", 75],
    ["p(90)", 135],
    ["p(95)", 144],
    ["p(99)", 150],
  ] as const) {
    expect(Math.abs((values[key] ?? 0) - exact)).toBeLessThanOrEqual(exact * 0.008);
  }
});

test("steps and checks stand in the workflow's order", () => {
  const report = buildReport(gather(), facts);
  expect(Object.keys(report.step_metrics)).toEqual(["登录", "buy"]);
  expect(report.step_metrics["buy"]).toMatchObject({
    step_id: "buy",
    count: 200,
    success_count: 192,
    failure_count: 8,
    duration: { min: 3, max: 150, avg: 76.5 },
  });
  expect(report.checks).toEqual([
    { name: "状态 200", step_id: "登录", passes: 200, fails: 0 },
    { name: "状态 200", step_id: "buy", passes: 192, fails: 8 },
  ]);
  expect(report.errors).toEqual([
    {
      code: "http_503",
      message: "status 503 is not expected",
      step_id: "buy",
      count: 8,
      first_seen: "2026-11-23T12:00:00.000Z",
      last_seen: "2026-11-23T12:00:00.000Z",
      sample: {
        time: "2026-11-23T12:00:00.000Z",
        url: "POST http://shop.test/buy",
        status: 503,
        body: "sold\u001b[31m out\n",
      },
    },
  ]);
});

test("the time series has a point a second", () => {
  const { interval_ms, points } = buildReport(gather(), facts).timeseries;
  expect([interval_ms, points.length]).toEqual([1_000, 4]);
  expect(points[2]).toMatchObject({
    timestamp: "2026-11-23T12:00:02.000Z",
    elapsed_ms: 2_000,
    planned_vus: 2,
    active_vus: 2,
    iterations_per_s: 50,
    requests_per_s: 100,
    error_rate: 0.02,
    errors: { http_503: 2 },
    avg_ms: 51,
    p95_corrected_ms: null,
    data_sent_per_s: 0,
    data_received_per_s: 150_000,
  });
});

test("an execution that never started has a report without numbers", () => {
  const snapshot = createSnapshot({ metrics: {}, thresholds: [] });
  const report = buildReport(snapshot, { ...facts, startedAt: null, thresholds: [], reason: "setup_failed" });
  expect(report).toMatchObject({
    start_time: null,
    duration_ms: 0,
    metrics: {},
    timeseries: { points: [] },
    errors: [],
  });
  expect(reportFormats.text(report, { color: false, width: 80 })).toBe(
    "\n  商店 checkout  shop\n\n  ✗ failed: setup failed before it began\n",
  );
});

test("a search shows its limit, why, and every level with what broke it", () => {
  const latency = { metric: "http_req_duration", condition: "p(95) < 300ms" };
  const failed = { metric: "http_req_failed", condition: "rate < 1%", passed: true, value: 0 };
  const level = { from_ms: 0, to_ms: 6_000, dropped: 0 };
  const thresholds = [{ ...latency, passed: true, value: 41.2 }, failed];
  const report = buildReport(gather(), {
    ...facts,
    findLimit: {
      scenario: "default",
      of: "rate",
      limit: 1_000,
      reason: "1500/s does not hold: 20 of 300 starts found no free VU",
      levels: [
        { ...level, target: 1_000, held: true, achieved_per_s: 999.5, thresholds, why: null },
        {
          ...level,
          target: 1_500,
          held: false,
          achieved_per_s: 1_200.25,
          dropped: 1_234,
          thresholds: [{ ...latency, passed: false, value: 1_250 }, failed],
          why: "20 of 300 starts found no free VU",
        },
      ],
    },
  });
  expect(reportFormats.text(report, { color: false, width: 100 })).toContain(
    [
      "  LIMIT  1,000/s  1500/s does not hold: 20 of 300 starts found no free VU",
      "       target  achieved  dropped                                    measured",
      "    ✓ 1,000/s   1,000/s        0  http_req_duration: p(95) < 300ms   41.2 ms",
      "    ✗ 1,500/s   1,200/s    1,234  http_req_duration: p(95) < 300ms    1.25 s",
      "",
    ].join("\n"),
  );
  const none = {
    ...report,
    find_limit: { scenario: "a", of: "vus" as const, limit: null, reason: "stopped", levels: [] },
  };
  expect(reportFormats.text(none, { color: false, width: 100 })).toContain("\n  LIMIT  none  stopped\n\n");
});

test("the live view has the numbers of this moment", () => {
  expect(summarize(gather(2))).toMatchObject({
    testTimeMs: 2_000,
    activeVus: 2,
    allocatedVus: 2,
    plannedVus: 2,
    requests: 200,
    requestsPerSecond: 100,
    averageRequestsPerSecond: 100,
    errorRate: 0.02,
    iterations: 100,
    droppedIterations: 0,
    errors: 4,
  });
  expect(summarize(createSnapshot({ metrics: {}, thresholds: [] }))).toMatchObject({
    p95Ms: null,
    errorRate: null,
    requestsPerSecond: 0,
    averageRequestsPerSecond: 0,
  });
});

test("the summary", () => {
  const text = reportFormats.text(buildReport(gather(), facts), { color: false, width: 110 });
  expect(text).toMatchInlineSnapshot(`
    "
      商店 checkout  shop

      THRESHOLDS
        ✗ http_req_duration{step:buy}  p(95) < 100ms   144 ms
        ✓ http_req_failed              rate < 5%           2%
        ✓ http_reqs                    rate > 10        100/s
        · basket                       max < 5        no data

      CHECKS  98%  392 of 400 passed
        ✓ 状态 200  登录  100%
        ✗ 状态 200  buy    96%  8 failed

      STEPS   count  failed      avg      med    p(90)    p(95)    p(99)      max
        登录    200       0  25.5 ms  25.0 ms  44.8 ms  47.9 ms  49.9 ms  50.0 ms
        buy     200       8  76.5 ms  75.3 ms   134 ms   144 ms   150 ms   150 ms

      TIMES                    avg      min      med   p(90)   p(95)   p(99)     max
        http_req_duration  51.0 ms  1.00 ms  38.1 ms  120 ms  134 ms  146 ms  150 ms
          {step:buy}       76.5 ms  3.00 ms  75.3 ms  134 ms  144 ms  150 ms  150 ms
        basket                12.3     12.3     12.3    12.3    12.3    12.3    12.3

      TOTALS
        checks              98%    392 of 400
        iterations          200          50/s
        step_failed          2%      8 of 400
        http_reqs           400         100/s
        http_req_failed      2%      8 of 400
        data_received    600 kB      150 kB/s
        vus                   2  min 2, max 2
        vus_max               2  min 2, max 2

      ERRORS  8
        8 ×  http_503  buy: status 503 is not expected
             POST http://shop.test/buy -> 503 sold [31m out

      ✗ failed: thresholds failed after 4.00 s
    "
  `);
});

test("a saturated, aborted run says so", () => {
  const report: Report = {
    ...buildReport(gather(), { ...facts, status: "aborted", reason: "stopped_by_signal", degraded: true }),
    generator: { verdict: "saturated", reasons: ["local: CPU above 90 % in 9 of 10 seconds"] },
    series_overflow: { http_reqs: 1_234 },
    warm_up: { http_reqs: 10, iterations: 5 },
  };
  const end = reportFormats.text(report, { color: false, width: 110 }).split("\n").slice(-9);
  expect(end).toEqual([
    "",
    "  ! the generator was saturated: measured times are partly its own",
    "  !   local: CPU above 90 % in 9 of 10 seconds",
    "  ! http_reqs has too many series: 1,234 records went to overflow",
    "  ! the run was degraded",
    "  warm-up left out: 10 requests, 5 iterations",
    "",
    "  ✗ aborted: stopped by a signal after 4.00 s",
    "",
  ]);
});

test("an aborted run whose thresholds held does not read as one that passed", () => {
  const report: Report = {
    ...buildReport(gather(), { ...facts, status: "aborted", reason: "stopped_by_api", passed: true }),
  };
  const plain = reportFormats.text(report, { color: false, width: 110 });
  expect(plain).toMatch(/\n {2}! aborted: stopped through the API, its thresholds held until then after 4\.00 s\n$/);
  const [verdict] = reportFormats.text(report, { color: true, width: 110 }).split("\n").slice(-2);
  expect(verdict).toContain("\u001b[33m! aborted");
});

test.each([40, 60, 80, 100, 200])("lines fit into %d columns, painted or not", (width) => {
  const report = buildReport(gather(), facts);
  const plain = reportFormats.text(report, { color: false, width });
  const widest = Math.max(...plain.split("\n").map((line) => stringWidth(line)));
  expect(widest).toBeLessThanOrEqual(Math.max(64, width));
  const painted = reportFormats.text(report, { color: true, width });
  expect(painted).not.toBe(plain);
  expect(stripVTControlCharacters(painted)).toBe(plain);
  expect(plain).not.toContain("\u001b");
});

test("the JSON format reads back as the report", () => {
  const report = buildReport(gather(), facts);
  const text = reportFormats.json(report, { color: false, width: 80 });
  expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(report)));
  expect(text.endsWith("}\n")).toBe(true);
  expect(text).toContain("\n        [12.288, 12.415, 4]\n");
  expect([isFileFormat("text"), isFileFormat("toString")]).toEqual([true, false]);
});

test("integers of options keep their digits in JSON", () => {
  const options = { id: 12_345_678_901_234_567_890n, nothing: {}, none: [], text: "a\n\u2028" };
  const report = buildReport(gather(1), { ...facts, workflow: { ...workflow, options } });
  const text = reportFormats.json(report, { color: false, width: 80 });
  expect(text).toContain('"id": 12345678901234567890,\n    "nothing": {},\n    "none": [],\n    "text": "a\\n\u2028"');
});
