import fc from "fast-check";
import hdr from "hdr-histogram-js";
import { expect, test } from "vitest";
import { completeWorkflow } from "../../test/support/workflow-fixtures.ts";
import { applyFrame, createSnapshot } from "../measure/snapshot.ts";
import { createRecorder } from "../measure/thread-recorder.ts";
import type { Report } from "../protocol/report.ts";
import { buildReport } from "./build-report.ts";
import { fileFormats } from "./file-formats.ts";

const workflow = completeWorkflow({ id: "shop", name: "Shop <a|b>", metrics: { basket: "trend", depth: "trend" } });

function makeReport(values: readonly number[], check = "is 200"): Report {
  const recorder = createRecorder({ clock: { wall: () => 0 }, masker: (text) => text });
  const tags = { step: "a", scenario: "default" };
  for (const value of values) recorder.trend("http_req_duration", tags).add(value);
  recorder.trend("depth", tags).add(-5_000);
  recorder.trend("basket", tags).add(2_500);
  recorder.rate("checks", { ...tags, check }).add(true);
  recorder.rate("checks", { ...tags, check }).add(false);
  const snapshot = createSnapshot(workflow);
  applyFrame(snapshot, "local", {
    number: 1,
    second: 0,
    testTimeMs: 1_000,
    warmUp: false,
    ...recorder.cut(),
    vus: [],
    generator: { cpu: 0, eventLoopLagMs: 0, memory: 0 },
  });
  return buildReport(snapshot, {
    engineVersion: "1",
    executionId: "e",
    workflow,
    status: "completed",
    passed: false,
    degraded: false,
    reason: "thresholds",
    startedAt: Date.UTC(2026, 0, 1),
    endedAt: Date.UTC(2026, 0, 1) + 2_000,
    pausedMs: 0,
    thresholds: [
      { metric: "http_req_duration", condition: "p(95) < 1ms", passed: false, value: 12.5 },
      { metric: "iterations", condition: "count > 0", passed: true, value: 3 },
      { metric: "basket", condition: "avg < 9", passed: null, value: null },
    ],
    events: [],
    startSkewMs: null,
  });
}

async function render(format: keyof typeof fileFormats, report: Report): Promise<string> {
  return (await fileFormats[format]())(report, { color: false, width: 80 });
}

test("junit: the run, each threshold and each check", async () => {
  expect(await render("junit", makeReport([1_000]))).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="shop" tests="5" failures="3" time="2.000">
  <testsuite name="run" tests="1" failures="1" errors="0" skipped="0" timestamp="2026-01-01T00:00:00.000Z">
    <testcase classname="shop.run" name="Shop &lt;a|b&gt;" time="0"><failure message="completed: thresholds"/></testcase>
  </testsuite>
  <testsuite name="thresholds" tests="3" failures="1" errors="0" skipped="1" timestamp="2026-01-01T00:00:00.000Z">
    <testcase classname="shop.thresholds" name="http_req_duration: p(95) &lt; 1ms" time="0"><failure message="measured 12.5"/></testcase>
    <testcase classname="shop.thresholds" name="iterations: count &gt; 0" time="0"/>
    <testcase classname="shop.thresholds" name="basket: avg &lt; 9" time="0"><skipped/></testcase>
  </testsuite>
  <testsuite name="checks" tests="1" failures="1" errors="0" skipped="0" timestamp="2026-01-01T00:00:00.000Z">
    <testcase classname="shop.checks" name="a: is 200" time="0"><failure message="1 of 2 failed"/></testcase>
  </testsuite>
</testsuites>
`);
});

test("junit and markdown: an aborted run whose thresholds held has neither passed nor failed", async () => {
  const report: Report = { ...makeReport([1_000]), status: "aborted", reason: "stopped_by_signal", passed: true };
  const xml = await render("junit", report);
  expect(xml.split("\n").slice(2, 5)).toEqual([
    '  <testsuite name="run" tests="1" failures="0" errors="0" skipped="1" timestamp="2026-01-01T00:00:00.000Z">',
    '    <testcase classname="shop.run" name="Shop &lt;a|b&gt;" time="0"><skipped message="aborted: stopped_by_signal, its thresholds held until then"/></testcase>',
    "  </testsuite>",
  ]);
  expect((await render("markdown", report)).split("\n")[2]).toBe(
    "**⚠️ aborted: stopped_by_signal**, its thresholds held until then after 2.00 s",
  );
});

test("junit and markdown: no name is markup", async () => {
  const report = makeReport([1_000]);
  const text = fc.string({ unit: "binary", minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(text, async (name) => {
      const named = { ...report, checks: [{ name, step_id: "a", passes: 1, fails: 0 }] };
      const xml = await render("junit", named);
      const written = /classname="shop\.checks" name="a: ([^"]*)" time="0"\/>/.exec(xml)?.[1];
      expect(written).toBeDefined();
      expect(written).not.toMatch(/[<>\p{Cc}\ufffe\uffff]|&(?!(?:amp|lt|gt|quot);)/u);
      const lines = (await render("markdown", named)).split("\n");
      const row = lines[lines.indexOf("## Checks") + 4] ?? "";
      expect(row.replace(/\\./gu, "").match(/\|/g)).toHaveLength(6);
      expect(row.replace(/\\./gu, "")).not.toMatch(/[<`[]/);
    }),
  );
});

test("markdown: the verdict and the tables", async () => {
  const text = await render("markdown", makeReport([1_000]));
  expect(text).toContain("# Shop \\<a\\|b\\>\n\n**❌ thresholds** after 2.00 s\n");
  expect(text).toContain(
    "| ❌ | http\\_req\\_duration | p(95) \\< 1ms | 12.5 |\n| ✅ | iterations | count \\> 0 | 3 |",
  );
  expect(text).toContain("| ❌ | a | is 200 | 1 | 1 |");
});

test("csv: a row a number", async () => {
  const lines = (await render("csv", makeReport([1_000, 2_000]))).split("\n");
  expect(lines[0]).toBe("metric,type,contains,statistic,value");
  expect(lines).toContain("http_req_duration,trend,time,count,2");
  expect(lines).toContain("http_req_duration,trend,time,max,2");
  expect(lines).toContain("checks,rate,default,passes,1");
});

test("hdr: HdrHistogram's own reader finds our counts, extremes and percentiles", async () => {
  const values = fc.array(fc.oneof(fc.nat(2_000), fc.nat(10_000_000), fc.nat(3_600_000_000)), {
    minLength: 1,
    maxLength: 200,
  });
  await fc.assert(
    fc.asyncProperty(values, async (recorded) => {
      const report = makeReport(recorded);
      const log = await render("hdr", report);
      expect(log).toContain("#depth is left out: it has values below zero\n");
      const reader = new hdr.HistogramLogReader(log);
      const found = new Map<string, hdr.Histogram>();
      for (let next = reader.nextIntervalHistogram(); next !== null; next = reader.nextIntervalHistogram()) {
        found.set(next.tag, next as hdr.Histogram);
      }
      expect([...found.keys()]).toEqual(["http_req_duration", "basket"]);
      const histogram = found.get("http_req_duration");
      const shown = report.metrics["http_req_duration"]?.values ?? {};
      expect(histogram?.totalCount).toBe(recorded.length);
      for (const [percent, key] of [
        [50, "med"],
        [90, "p(90)"],
        [95, "p(95)"],
        [99, "p(99)"],
        [100, "max"],
      ] as const) {
        const ours = (shown[key] ?? 0) * 1_000;
        // Half of a bucket of ours, as the largest value's stands for it, and a thousandth of HdrHistogram's.
        const off = Math.abs((histogram?.getValueAtPercentile(percent) ?? -1) - ours);
        expect([key, off <= 1 + ours * 0.01]).toEqual([key, true]);
      }
    }),
    { numRuns: 50 },
  );
});
