import { expect, test } from "vitest";
import type { Frame } from "../protocol/frame.ts";
import type { Threshold } from "../protocol/workflow.ts";
import { evaluateThreshold, type ThresholdMoment } from "./evaluate-threshold.ts";
import { judgeGenerator } from "./generator-verdict.ts";
import type { Recorder } from "./recorder.ts";
import { applyFrame, createSnapshot, type Snapshot, totalOf } from "./snapshot.ts";
import { createRecorder } from "./thread-recorder.ts";
import { parseThreshold } from "./threshold.ts";
import { builtInMetrics } from "./catalog.ts";

function frame(second: number, record: (recorder: Recorder) => void, more: Partial<Frame> = {}): Frame {
  const recorder = createRecorder({ clock: { wall: () => second * 1_000 }, masker: (text) => text });
  record(recorder);
  return {
    number: second + 1,
    second,
    testTimeMs: (second + 1) * 1_000,
    warmUp: false,
    ...recorder.cut(),
    vus: [],
    generator: { cpu: 0.5, eventLoopLagMs: 2, memory: 1_000 },
    ...more,
  };
}

function threshold(metric: string, condition: string, windowMs: number | null = null): Threshold {
  return { metric, condition, windowMs, abortOnFail: false, delayMs: 0, noData: "fail" };
}

function evaluate(snapshot: Snapshot, metric: string, condition: string, moment: Partial<ThresholdMoment> = {}) {
  const parsed = parseThreshold(metric, condition, (name) => builtInMetrics.find((each) => each.name === name)?.type);
  if ("problem" in parsed) throw new Error(parsed.problem.message);
  const usual: ThresholdMoment = { testTimeMs: snapshot.testTimeMs, final: false, windowMs: null, noData: "fail" };
  return evaluateThreshold(parsed.threshold, snapshot, { ...usual, ...moment });
}

test("totals over all series and over those with a tag", () => {
  const snapshot = createSnapshot({ metrics: {}, thresholds: [] });
  for (const slave of ["s1", "s2"]) {
    applyFrame(
      snapshot,
      slave,
      frame(0, (recorder) => {
        recorder.counter("http_reqs", { step: "a", status: "200" }).add(3);
        recorder.counter("http_reqs", { step: "a", status: "500" }).add(1);
        recorder.counter("http_reqs", { step: "b", status: "200" }).add(5);
        recorder.trend("http_req_duration", { step: "a" }).add(1_000);
        recorder.trend("http_req_duration", { step: "b" }).add(3_000);
      }),
    );
  }
  expect(totalOf(snapshot, "http_reqs")).toEqual({ type: "counter", sum: 18 });
  expect(totalOf(snapshot, "http_reqs", { step: "a" })).toEqual({ type: "counter", sum: 8 });
  expect(totalOf(snapshot, "http_reqs", { step: "a", status: "200" })).toEqual({ type: "counter", sum: 6 });
  expect(totalOf(snapshot, "http_reqs", { step: "c" })).toBeNull();
  expect(totalOf(snapshot, "nothing")).toBeNull();
  expect(evaluate(snapshot, "http_req_duration", "avg == 2ms")).toEqual({ value: 2, passed: true });
  expect(evaluate(snapshot, "http_req_duration{step:b}", "p(95) < 2ms")).toEqual({ value: 3, passed: false });
});

test("any order of frames gives the same totals", () => {
  const frames = [0, 1, 2].map((second) =>
    frame(second, (recorder) => {
      recorder.trend("http_req_duration", {}).add(100 * (second + 1));
      recorder.gauge("queue", {}).set(5 - second);
    }),
  );
  const gather = (order: readonly Frame[]) => {
    const snapshot = createSnapshot({ metrics: { queue: "gauge" }, thresholds: [] });
    for (const one of order) applyFrame(snapshot, "s", one);
    return [totalOf(snapshot, "http_req_duration"), totalOf(snapshot, "queue")];
  };
  expect(gather(frames.toReversed())).toEqual(gather(frames));
  expect(gather(frames)[1]).toEqual({ type: "gauge", value: 3, second: 2, min: 3, max: 5 });
});

test("sums stay exact beyond 2^53", () => {
  const snapshot = createSnapshot({ metrics: { huge: "trend" }, thresholds: [] });
  for (let second = 0; second < 5; second++) {
    applyFrame(
      snapshot,
      "s",
      frame(second, (recorder) => recorder.trend("huge", {}).add(Number.MAX_SAFE_INTEGER)),
    );
  }
  expect(totalOf(snapshot, "huge")).toMatchObject({ sum: 5n * BigInt(Number.MAX_SAFE_INTEGER) });
});

test("warm-up is counted apart", () => {
  const snapshot = createSnapshot({ metrics: {}, thresholds: [] });
  const record = (recorder: Recorder) => {
    recorder.counter("http_reqs", {}).add(10);
    recorder.counter("iterations", {}).add(2);
    recorder.error("a", "1050", "slow", null);
  };
  applyFrame(snapshot, "s", frame(0, record, { warmUp: true }));
  expect(snapshot.warmUp).toEqual({ httpReqs: 10, iterations: 2, endMs: 1_000 });
  expect(totalOf(snapshot, "http_reqs")).toBeNull();
  expect(snapshot.errors.kinds.size).toBe(0);
  applyFrame(snapshot, "s", frame(1, record));
  applyFrame(snapshot, "s", frame(2, record));
  expect(evaluate(snapshot, "http_reqs", "rate == 10")).toEqual({ value: 10, passed: true });
  expect(snapshot.sources.get("s")?.iterations).toBe(4);
});

test("VUs of all slaves and scenarios add up, by their latest frames", () => {
  const snapshot = createSnapshot({ metrics: {}, thresholds: [] });
  const vus = (active: number) => [
    { scenario: "x", active, most: active, allocated: 10, planned: 8, iterations: 0 },
    { scenario: "y", active: 1, most: 1, allocated: 1, planned: 1, iterations: 0 },
  ];
  applyFrame(
    snapshot,
    "s1",
    frame(0, () => {}, { vus: vus(4) }),
  );
  applyFrame(
    snapshot,
    "s2",
    frame(0, () => {}, { vus: vus(5) }),
  );
  expect(snapshot.vus).toEqual({ active: 11, allocated: 22, planned: 18 });
  applyFrame(
    snapshot,
    "s1",
    frame(1, () => {}, { vus: vus(6) }),
  );
  expect(snapshot.vus.active).toBe(13);
  // Of this second s2 has not told yet.
  expect(evaluate(snapshot, "vus", "value == 11")).toEqual({ value: 11, passed: true });
  expect(evaluate(snapshot, "vus_max", "value < 22")).toEqual({ value: 22, passed: false });
  for (const slave of ["s1", "s2"])
    applyFrame(
      snapshot,
      slave,
      frame(2, () => {}),
    );
  expect(snapshot.vus).toEqual({ active: 0, allocated: 0, planned: 0 });
  expect(totalOf(snapshot, "vus")).toEqual({ type: "gauge", value: 13, second: 1, min: 11, max: 13 });
  expect(totalOf(snapshot, "vus_max")).toEqual({ type: "gauge", value: 22, second: 1, min: 22, max: 22 });
});

test("a load that is over before its only frame still had VUs", () => {
  const snapshot = createSnapshot({ metrics: {}, thresholds: [] });
  const ended = (most: number) => [{ scenario: "x", active: 0, most, allocated: 0, planned: 0, iterations: 7 }];
  const apply = (second: number, most: number) =>
    applyFrame(
      snapshot,
      "s",
      frame(second, () => {}, { vus: ended(most) }),
    );
  apply(0, 0);
  expect(totalOf(snapshot, "vus")).toBeNull();
  apply(0, 3);
  expect(totalOf(snapshot, "vus")).toMatchObject({ value: 3, min: 3, max: 3 });
  expect(totalOf(snapshot, "vus_max")).toMatchObject({ value: 3, min: 3, max: 3 });
  apply(1, 2);
  expect(totalOf(snapshot, "vus")).toMatchObject({ value: 3, min: 3, max: 3 });
});

test.each([
  ["http_reqs", "count == 0", { value: 0, passed: true }, { value: 0, passed: true }],
  ["http_req_duration", "count < 1", { value: 0, passed: true }, { value: 0, passed: true }],
  ["http_req_duration", "p(95) < 1", { value: null, passed: null }, { value: null, passed: false }],
  ["checks", "rate > 0", { value: null, passed: null }, { value: null, passed: false }],
  ["vus", "value > 0", { value: null, passed: null }, { value: null, passed: false }],
  ["http_reqs", "rate > 0", { value: null, passed: null }, { value: null, passed: false }],
])("without data, %s %s", (metric, condition, live, final) => {
  const snapshot = createSnapshot({ metrics: {}, thresholds: [] });
  expect(evaluate(snapshot, metric, condition)).toEqual(live);
  expect(evaluate(snapshot, metric, condition, { final: true })).toEqual(final);
  if (final.value === null) {
    expect(evaluate(snapshot, metric, condition, { final: true, noData: "pass" })).toEqual({
      value: null,
      passed: true,
    });
  }
});

test.each([
  ["<", [true, false, false]],
  ["<=", [true, true, false]],
  [">", [false, false, true]],
  [">=", [false, true, true]],
  ["==", [false, true, false]],
  ["!=", [true, false, true]],
])("operator %s", (operator, expected) => {
  const snapshot = createSnapshot({ metrics: {}, thresholds: [] });
  applyFrame(
    snapshot,
    "s",
    frame(0, (recorder) => recorder.counter("http_reqs", {}).add(5)),
  );
  const passed = [6, 5, 4].map((limit) => evaluate(snapshot, "http_reqs", `count ${operator} ${limit}`).passed);
  expect(passed).toEqual(expected);
});

test("a window looks only at its last test time", () => {
  const thresholds = [
    threshold("http_req_failed{step:a}", "rate < 50%", 3_000),
    threshold("http_req_duration", "max < 1s", 3_000),
    threshold("http_reqs{step:a}", "rate > 1", 3_000),
  ];
  const snapshot = createSnapshot({ metrics: {}, thresholds });
  for (let second = 0; second < 10; second++) {
    applyFrame(
      snapshot,
      "s",
      frame(second, (recorder) => {
        recorder.rate("http_req_failed", { step: "a" }).add(second >= 8);
        recorder.rate("http_req_failed", { step: "b" }).add(true);
        recorder.trend("http_req_duration", {}).add(second < 5 ? 9_000_000 : 1_000);
        recorder.counter("http_reqs", { step: "a" }).add(second);
      }),
    );
  }
  const windowMs = 3_000;
  const failed = evaluate(snapshot, "http_req_failed{step:a}", "rate < 50%", { windowMs });
  expect(failed).toEqual({ value: 2 / 3, passed: false });
  expect(evaluate(snapshot, "http_req_failed{step:a}", "rate < 50%").value).toBe(0.2);
  expect(evaluate(snapshot, "http_req_duration", "max < 1s", { windowMs })).toEqual({ value: 1, passed: true });
  expect(evaluate(snapshot, "http_reqs{step:a}", "rate > 1", { windowMs }).value).toBe((7 + 8 + 9) / 3);
});

test("series beyond the bound are counted together and named", () => {
  const snapshot = createSnapshot({ metrics: {}, thresholds: [], maxSeries: 2 });
  for (let second = 0; second < 5; second++) {
    applyFrame(
      snapshot,
      "s",
      frame(second, (recorder) => recorder.rate("checks", { check: `c${second}` }).add(true)),
    );
  }
  expect(totalOf(snapshot, "checks")).toEqual({ type: "rate", passes: 5, total: 5 });
  expect(snapshot.overflow).toEqual(new Map([["checks", 3]]));
  expect(totalOf(snapshot, "checks", { overflow: "true" })).toEqual({ type: "rate", passes: 3, total: 3 });
});

test.each([
  ["a quiet generator", { cpu: 0.3, eventLoopLagMs: 3 }, 10, () => {}, []],
  ["a busy start", { cpu: 1, eventLoopLagMs: 300 }, 2, () => {}, []],
  ["no CPU left", { cpu: 0.97, eventLoopLagMs: 3 }, 10, () => {}, ["s: CPU above 90 % in 10 of 10 seconds"]],
  [
    "a blocked loop",
    { cpu: 0.5, eventLoopLagMs: 150 },
    4,
    () => {},
    ["s: event loop more than 100 ms behind in 4 of 4 seconds"],
  ],
  [
    "late starts",
    { cpu: 0.5, eventLoopLagMs: 1 },
    1,
    (recorder: Recorder) => recorder.trend("iteration_lag", {}).add(20_000),
    ["1 % of iterations started 20.0 ms late or more"],
  ],
  [
    "dropped starts",
    { cpu: 0.5, eventLoopLagMs: 1 },
    2,
    (recorder: Recorder) => recorder.counter("dropped_iterations", { scenario: "open" }).add(4),
    ["8 planned iterations were dropped because no VU was free: raise max_vus"],
  ],
  [
    "iterations that a stop kept from beginning",
    { cpu: 0.5, eventLoopLagMs: 1 },
    2,
    (recorder: Recorder) => recorder.counter("dropped_iterations", { scenario: "shared" }).add(4),
    [],
  ],
] as const)("the generator's verdict: %s", (_name, sample, seconds, record, reasons) => {
  const snapshot = createSnapshot({ metrics: {}, thresholds: [] });
  for (let second = 0; second < seconds; second++) {
    applyFrame(snapshot, "s", frame(second, record, { generator: { ...sample, memory: 1 } }));
  }
  expect(judgeGenerator(snapshot, ["open"])).toEqual({ verdict: reasons.length === 0 ? "ok" : "saturated", reasons });
});
