import hdr from "hdr-histogram-js";
import type { ReportMetric } from "../protocol/report.ts";
import type { Render } from "./render.ts";

/** Of a value: what a percentile read from the log may differ by, 0.1 %. */
const significantDigits = 3;
/** A trend's integers in its unit: microseconds of times. */
const perUnit = 1_000;

/**
 * The log format of HdrHistogram (compressed histograms, V2): a line for each trend, tagged with its name, over the whole
 * run. Times are microseconds, their `Interval_Max` milliseconds. Values below zero have no place in it: such a trend is
 * a comment.
 */
export const renderHdr: Render = (report) => {
  let log = "";
  const writer = new hdr.HistogramLogWriter((text) => {
    log += text;
  });
  const start = report.start_time ?? report.end_time;
  writer.outputLogFormatVersion();
  log += `#[StartTime: ${(Date.parse(start) / 1_000).toFixed(3)} (seconds since epoch), ${start}]\n`;
  writer.outputLegend();
  for (const [name, metric] of Object.entries(report.metrics)) {
    if (metric.histogram === undefined || metric.histogram.length === 0) continue;
    if ((metric.values["min"] ?? 0) < 0) {
      writer.outputComment(`${name} is left out: it has values below zero`);
      continue;
    }
    const histogram = fill(metric);
    // A tag ends at a comma.
    histogram.tag = name.replace(/[\s,]+/g, "_");
    writer.outputIntervalHistogram(histogram, 0, report.duration_ms / 1_000, perUnit);
  }
  return log;
};

function fill({ histogram = [], values }: ReportMetric) {
  const [least, most] = [(values["min"] ?? 0) * perUnit, (values["max"] ?? 0) * perUnit];
  const filled = hdr.build({
    bitBucketSize: 64,
    numberOfSignificantValueDigits: significantDigits,
    highestTrackableValue: Math.max(2, Math.ceil(most) + 1),
    useWebAssembly: false,
  });
  for (const [low, high, count] of histogram) {
    const middle = ((low + high) / 2) * perUnit;
    filled.recordValueWithCount(Math.round(Math.min(most, Math.max(least, middle))), count);
  }
  return filled;
}
