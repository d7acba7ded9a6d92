import fc from "fast-check";
import { expect, test } from "vitest";
import { lookupMetric } from "./catalog.ts";
import { expandShortThreshold, parseMetricKey, parseThreshold } from "./threshold.ts";

const custom = { checkout: "trend", sold: "counter", depth: "gauge", ok: "rate" } as const;
const typeOf = (name: string) => lookupMetric(name, custom)?.type;

test.each([
  ["http_reqs", "count > 100", { name: "count" }, ">", 100],
  ["http_reqs", "rate>=50.5", { name: "rate" }, ">=", 50.5],
  ["data_received", "count < 10MB", { name: "count" }, "<", 10_000_000],
  ["data_sent", "rate <= 2kB", { name: "rate" }, "<=", 2_000],
  ["data_sent", "count != 5 B", { name: "count" }, "!=", 5],
  ["vus", "value == 10", { name: "value" }, "==", 10],
  ["http_req_failed", "rate < 1%", { name: "rate" }, "<", 0.01],
  ["http_req_failed", "rate < 0.3%", { name: "rate" }, "<", 0.003],
  ["checks", "rate > 0.95", { name: "rate" }, ">", 0.95],
  ["http_req_duration", "avg < 200", { name: "avg" }, "<", 200],
  ["http_req_duration", "min > 50us", { name: "min" }, ">", 0.05],
  ["http_req_duration", "max < 2s", { name: "max" }, "<", 2_000],
  ["http_req_duration", "med < 1m", { name: "percentile", percent: 50 }, "<", 60_000],
  ["http_req_duration", "p(95)<500ms", { name: "percentile", percent: 95 }, "<", 500],
  ["http_req_duration", " p( 99.9 ) < 1.5s ", { name: "percentile", percent: 99.9 }, "<", 1_500],
  ["http_req_duration", "p(0) >= 0", { name: "percentile", percent: 0 }, ">=", 0],
  ["http_req_duration", "count > 10", { name: "count" }, ">", 10],
  ["checkout", "p(90) < 300ms", { name: "percentile", percent: 90 }, "<", 300],
  ["checkout", "avg > -5", { name: "avg" }, ">", -5],
  ["checkout", "max < 1e3", { name: "max" }, "<", 1_000],
  ["sold", "count > 3", { name: "count" }, ">", 3],
  ["depth", "value < .5", { name: "value" }, "<", 0.5],
  ["ok", "rate > 99%", { name: "rate" }, ">", 0.99],
])("%s: %s", (metric, condition, method, operator, limit) => {
  expect(parseThreshold(metric, condition, typeOf)).toEqual({
    threshold: { metric, tags: {}, type: typeOf(metric), method, operator, limit },
  });
});

test.each([
  ["nope", "count > 1", "metric", 'there is no metric "nope"'],
  ["http_reqs{", "count > 1", "metric", '"http_reqs{" is not a metric'],
  ["http_reqs{step}", "count > 1", "metric", "is not a metric"],
  ["", "count > 1", "metric", '"" is not a metric'],
  ["constructor", "count > 1", "metric", 'there is no metric "constructor"'],
  ["http_reqs", "", "condition", '"" is not a condition: write <method> <operator> <number>[unit], e.g. count > 100'],
  ["http_reqs", "count", "condition", "is not a condition"],
  ["http_reqs", "count > ", "condition", "is not a condition"],
  ["http_reqs", "count > many", "condition", "is not a condition"],
  ["http_reqs", "count => 5", "condition", "is not a condition"],
  ["http_reqs", "count === 5", "condition", "is not a condition"],
  ["http_reqs", "count < 5 or more", "condition", "is not a condition"],
  ["http_reqs", "p(95) < 5", "condition", 'no method "p(95)": use count, rate (http_reqs is a counter)'],
  ["http_reqs", "constructor < 5", "condition", 'no method "constructor"'],
  ["vus", "avg < 5", "condition", 'no method "avg": use value (vus is a gauge)'],
  ["checks", "count < 5", "condition", 'no method "count": use rate (checks is a rate)'],
  ["http_req_duration", "rate < 5", "condition", 'no method "rate": use avg, min, max, med, p(0..100), count'],
  ["http_req_duration", "avg(5) < 5", "condition", 'no method "avg(5)"'],
  ["http_req_duration", "p(101) < 5", "condition", '"p(101)" is not a percentile: write p(0) to p(100)'],
  ["http_req_duration", "p() < 5", "condition", '"p()" is not a percentile'],
  ["http_req_duration", "p < 5", "condition", '"p" is not a percentile'],
  ["http_req_duration", "p(-1) < 5", "condition", "is not a percentile"],
  ["http_req_duration", "p(95) < 5 parsecs", "condition", 'there is no unit "parsecs": use us, ms, s, m, %, B, kB, MB'],
  ["http_req_duration", "p(95) < 5kB", "condition", 'unit "kB" does not fit: use us, ms, s, m or none'],
  ["http_req_duration", "count < 5ms", "condition", 'unit "ms" does not fit: use none'],
  ["http_req_failed", "rate < 5ms", "condition", 'unit "ms" does not fit: use % or none'],
  ["http_reqs", "count < 5%", "condition", 'unit "%" does not fit: use none'],
  ["data_sent", "count < 5s", "condition", 'unit "s" does not fit: use B, kB, MB or none'],
])("%s: %s is refused", (metric, condition, field, message) => {
  const parsed = parseThreshold(metric, condition, typeOf);
  expect(parsed).toMatchObject({ problem: { field } });
  expect("problem" in parsed && parsed.problem.message).toContain(message);
});

test.each([
  ["http_reqs", "http_reqs", {}],
  ["http_reqs{}", "http_reqs", {}],
  [" http_reqs { step : login , status:200 } ", "http_reqs", { step: "login", status: "200" }],
  ["http_reqs{url:http://a/b?c}", "http_reqs", { url: "http://a/b?c" }],
  ['checks{check:"a, b: {c}"}', "checks", { check: "a, b: {c}" }],
  ["checks{check:状态 是 200}", "checks", { check: "状态 是 200" }],
])("the key %s", (text, name, tags) => {
  expect(parseMetricKey(text)).toEqual({ name, tags });
});

test.each([
  ["login.duration.p95", "< 500ms", "step_duration{step:login}", "p(95) < 500ms"],
  ["login.duration.p99_9", "<1s", "step_duration{step:login}", "p(99.9) <1s"],
  ["login.duration.p99.9", "<1s", "step_duration{step:login}", "p(99.9) <1s"],
  ["login.duration.avg", "< 500", "step_duration{step:login}", "avg < 500"],
  ["login.duration.count", "> 5", "step_duration{step:login}", "count > 5"],
  ["login.failure_rate", "< 1%", "step_failed{step:login}", "rate < 1%"],
  ["登录.failure_rate", "< 1%", "step_failed{step:登录}", "rate < 1%"],
  ["other.failure_rate", "< 1%", "other.failure_rate", "< 1%"],
  ["http_reqs", "count > 1", "http_reqs", "count > 1"],
])("the short form %s %s", (metric, condition, longMetric, longCondition) => {
  const long = expandShortThreshold(metric, condition, new Set(["login", "登录"]));
  expect(long).toEqual({ metric: longMetric, condition: longCondition });
});

test("no text makes it throw", () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[a-z_]{0,9}[{}:,"() <>=%.0-9a-z]{0,20}$/));
  fc.assert(
    fc.property(text, text, (metric, condition) => {
      const parsed = parseThreshold(metric, condition, () => "trend");
      expect("problem" in parsed || Number.isFinite(parsed.threshold.limit)).toBe(true);
    }),
  );
});
