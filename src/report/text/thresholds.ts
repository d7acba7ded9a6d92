import { lookupMetric } from "../../measure/catalog.ts";
import { parseMetricKey } from "../../measure/threshold.ts";
import type { Report, ThresholdResult } from "../../protocol/report.ts";
import { showBytes, showDuration, showNumber, showShare, showText } from "./people.ts";
import { type Section, showMark } from "./section.ts";
import { layTable } from "./table.ts";

/** Every threshold with its outcome and its measured value. */
export const showThresholds: Section = (report, paint) => {
  if (report.thresholds.length === 0) return [];
  const { colors } = paint;
  const rows = report.thresholds.map((result) => [
    { text: showText(result.metric) },
    { text: showText(result.condition) },
    {
      text: showMeasured(result, report),
      paint: result.passed === false ? colors.red : colors.bold,
    },
  ]);
  const columns = [
    { title: "", align: "left" },
    { title: "", align: "left" },
    { title: "", align: "right" },
  ] as const;
  const lines = layTable(columns, rows, paint.width - 4, colors.dim);
  const marks = report.thresholds.map(({ passed }) => (passed === null ? colors.dim("·") : showMark(passed, paint)));
  return [colors.bold("THRESHOLDS"), ...lines.map((line, place) => `  ${marks[place] ?? ""} ${line}`)];
};

/** What was measured, in the metric's unit. */
export function showMeasured({ metric, condition, value }: ThresholdResult, report: Pick<Report, "metrics">): string {
  if (value === null) return "no data";
  const name = parseMetricKey(metric)?.name ?? metric;
  const method = /^\s*([a-z]+)/.exec(condition)?.[1] ?? "";
  const type = report.metrics[name]?.type ?? lookupMetric(name, {})?.type;
  const contains = lookupMetric(name, {})?.contains ?? "default";
  if (type === "rate") return showShare(value);
  if (type === "trend" && method === "count") return showNumber(value);
  const shown = contains === "time" ? showDuration(value) : contains === "data" ? showBytes(value) : showNumber(value);
  return type === "counter" && method === "rate" ? `${shown}/s` : shown;
}
