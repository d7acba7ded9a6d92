import { expect, test } from "vitest";
import { EngineError } from "../errors.ts";
import { otherMessages } from "./error-counts.ts";
import { createRecorder, type RecorderOptions } from "./thread-recorder.ts";

function make(options: Partial<RecorderOptions> = {}) {
  return createRecorder({
    clock: { wall: () => 1_000 },
    masker: (text) => text.replaceAll("s3cret", "***"),
    ...options,
  });
}

test("the same metric and tags give the same handle, whatever the order of tags", () => {
  const recorder = make();
  const handle = recorder.trend("http_req_duration", { step: "a", status: "200" });
  expect(recorder.trend("http_req_duration", { status: "200", step: "a" })).toBe(handle);
  expect(recorder.trend("http_req_duration", { status: "200", step: "b" })).not.toBe(handle);
});

test("a cut gives what came since the last one, only for what was touched", () => {
  const recorder = make();
  const requests = recorder.counter("http_reqs", { step: "a" });
  const duration = recorder.trend("http_req_duration", {});
  const failed = recorder.rate("http_req_failed", {});
  const queue = recorder.gauge("queue", {});
  recorder.counter("iterations", {});
  requests.add(2);
  requests.add(3);
  duration.add(100);
  duration.add(100);
  duration.add(250);
  failed.add(true);
  failed.add(false);
  queue.set(7);
  queue.set(4);
  expect(recorder.cut()).toEqual({
    series: [
      { key: { metric: "http_reqs", type: "counter", tags: { step: "a" } }, type: "counter", sum: 5 },
      {
        key: { metric: "http_req_duration", type: "trend", tags: {} },
        type: "trend",
        count: 3,
        sum: 450,
        min: 100,
        max: 250,
        buckets: new Int32Array([100, 189]),
        counts: new Uint32Array([2, 1]),
      },
      { key: { metric: "http_req_failed", type: "rate", tags: {} }, type: "rate", passes: 1, total: 2 },
      { key: { metric: "queue", type: "gauge", tags: {} }, type: "gauge", value: 4, min: 4, max: 7 },
    ],
    errors: [],
    overflow: {},
  });
  requests.add(0);
  expect(recorder.cut().series).toMatchObject([{ type: "counter", sum: 0 }]);
  expect(recorder.cut().series).toEqual([]);
});

test("beyond the bound records go to the metric's overflow series and are counted", () => {
  const recorder = make({ maxSeries: 2 });
  recorder.counter("http_reqs", { url: "1" }).add(1);
  recorder.counter("http_reqs", { url: "2" }).add(1);
  const third = recorder.counter("http_reqs", { url: "3" });
  third.add(5);
  recorder.counter("http_reqs", { url: "4" }).add(6);
  recorder.trend("http_req_duration", { url: "4" }).add(9);
  recorder.counter("http_reqs", { url: "1" }).add(1);
  expect(recorder.counter("http_reqs", { url: "9" })).toBe(third);
  const { series, overflow } = recorder.cut();
  expect(overflow).toEqual({ http_reqs: 2, http_req_duration: 1 });
  expect(series.map(({ key, ...value }) => [key.metric, key.tags, "sum" in value ? value.sum : null])).toEqual([
    ["http_reqs", { url: "1" }, 2],
    ["http_reqs", { url: "2" }, 1],
    ["http_reqs", { overflow: "true" }, 11],
    ["http_req_duration", { overflow: "true" }, 9],
  ]);
  expect(recorder.cut().overflow).toEqual({});
});

test("a metric has one type", () => {
  const recorder = make();
  recorder.counter("mine", {});
  expect(() => recorder.trend("mine", {})).toThrow(EngineError);
  expect(() => recorder.trend("mine", { a: "b" })).toThrow(
    "metric mine is a counter, it cannot be recorded as a trend",
  );
});

test("errors are counted by kind; the sample is taken once, masked and cut to 1 KiB", () => {
  const recorder = make();
  let samples = 0;
  const fail = () =>
    recorder.error("login", "http_503", "no s3cret", () => {
      samples++;
      return { time: 7, url: "GET http://h/s3cret", status: 503, body: "s3cret ".repeat(10) + "界".repeat(2_000) };
    });
  fail();
  fail();
  const body = "*** ".repeat(10) + "界".repeat(328);
  expect(recorder.cut().errors).toEqual([
    {
      code: "http_503",
      stepId: "login",
      message: "no ***",
      count: 2,
      firstSeen: 1_000,
      lastSeen: 1_000,
      sample: { time: 7, url: "GET http://h/***", status: 503, body },
    },
  ]);
  expect(Buffer.byteLength(body)).toBeLessThanOrEqual(1_024);
  fail();
  expect(recorder.cut().errors).toMatchObject([{ count: 1, sample: null }]);
  expect(recorder.cut().errors).toEqual([]);
  expect(samples).toBe(1);
});

test("beyond the bound errors are counted by step and code", () => {
  const recorder = make({ maxErrorKinds: 1 });
  for (const message of ["a", "b", "c", "a"]) recorder.error("s", "1050", message, null);
  expect(recorder.cut().errors.map(({ message, count }) => [message, count])).toEqual([
    ["a", 2],
    [otherMessages, 2],
  ]);
});

test("secrets in tags are masked", () => {
  const recorder = make();
  recorder.counter("http_reqs", { url: "/s3cret" }).add(1);
  expect(recorder.cut().series[0]?.key.tags).toEqual({ url: "/***" });
});
