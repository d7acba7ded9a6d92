import type { Report } from "../protocol/report.ts";
import type { Render } from "./render.ts";
import { showBytes, showCount, showDuration, showNumber, showShare, showText } from "./text/people.ts";

/** Markdown with tables, as GitHub and GitLab show it: for a comment, or a job's summary. */
export const renderMarkdown: Render = (report) => {
  const sections = [showHead, showThresholds, showChecks, showSteps, showMetrics, showErrors].map((show) =>
    show(report),
  );
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
};

function showHead(report: Report): string {
  const { status, passed, reason } = report;
  const isOpen = status === "aborted" && passed;
  const verdict = isOpen ? `⚠️ aborted: ${reason ?? ""}` : passed ? "✅ passed" : `❌ ${reason ?? status}`;
  const held = isOpen ? ", its thresholds held until then" : "";
  const degraded = report.degraded ? ", degraded" : "";
  return `# ${cell(report.workflow_name)}\n\n**${verdict}**${held}${degraded} after ${showDuration(report.duration_ms)}`;
}

function showThresholds({ thresholds }: Report): string {
  const rows = thresholds.map(({ metric, condition, value, passed }) => [
    passed === null ? "·" : passed ? "✅" : "❌",
    metric,
    condition,
    showNumber(value),
  ]);
  return table("Thresholds", ["", "metric", "condition", "measured"], rows);
}

function showChecks({ checks }: Report): string {
  const rows = checks.map(({ name, step_id, passes, fails }) => [
    fails === 0 ? "✅" : "❌",
    step_id,
    name,
    showCount(passes),
    showCount(fails),
  ]);
  return table("Checks", ["", "step", "check", "passed", "failed"], rows);
}

function showSteps({ step_metrics: steps }: Report): string {
  const rows = Object.values(steps).map(({ step_id, count, failure_count, duration }) => [
    step_id,
    showCount(count),
    showCount(failure_count),
    ...[duration.avg, duration.p50, duration.p95, duration.p99, duration.max].map(showDuration),
  ]);
  return table("Steps", ["step", "count", "failed", "avg", "p50", "p95", "p99", "max"], rows);
}

function showMetrics({ metrics }: Report): string {
  const rows = Object.entries(metrics).map(([name, { type, contains, values }]) => {
    const show = contains === "time" ? showDuration : contains === "data" ? showBytes : showNumber;
    const shown = Object.entries(values).map(([key, value]) => {
      if (type === "rate" && key === "rate") return `${key} ${showShare(value)}`;
      if (type === "counter" && key === "rate") return `${key} ${show(value)}/s`;
      return `${key} ${(type === "trend" && key === "count") || type === "rate" ? showCount(value) : show(value)}`;
    });
    return [name, shown.join(", ")];
  });
  return table("Metrics", ["metric", "values"], rows);
}

function showErrors({ errors }: Report): string {
  const rows = errors.map(({ code, step_id, count, message }) => [code, step_id, showCount(count), message]);
  return table("Errors", ["code", "step", "count", "message"], rows);
}

function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  return [`## ${title}`, "", line(head), `|${head.map(() => " --- |").join("")}`, ...rows.map(line)].join("\n");
}

/** Nothing of a text from outside is markup. */
function cell(text: string): string {
  return showText(text).replace(/[\\`*_{}[\]<>#|~&]/g, "\\$&");
}
