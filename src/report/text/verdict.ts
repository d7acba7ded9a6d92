import type { Reason } from "../../protocol/report.ts";
import { showCount, showDuration, showText } from "./people.ts";
import type { Section } from "./section.ts";

const reasons: Readonly<Record<Reason, string>> = {
  thresholds: "thresholds failed",
  setup_failed: "setup failed",
  setup_timeout: "setup took too long",
  teardown_timeout: "teardown took too long",
  setup_lost: "the slave that ran setup was lost",
  start_failed: "it could not be started",
  nothing_succeeded: "no iteration succeeded",
  slaves_lost: "slaves were lost",
  stopped_by_api: "stopped through the API",
  stopped_by_signal: "stopped by a signal",
  internal: "the engine itself failed",
};

/** What can't be trusted about the numbers; then one line: passed, failed or aborted, and why. */
export const showVerdict: Section = (report, { colors }) => {
  const { generator, series_overflow, late, lost, warm_up } = report;
  const warnings = [
    ...(generator.verdict === "saturated" ? ["the generator was saturated: measured times are partly its own"] : []),
    ...generator.reasons.map((reason) => `  ${showText(reason)}`),
    ...Object.entries(series_overflow).map(
      ([metric, count]) => `${metric} has too many series: ${showCount(count)} records went to overflow`,
    ),
    ...(late.frames > 0 ? [`${showCount(late.http_reqs)} requests were reported too late to be counted`] : []),
    ...(lost.iterations > 0 ? [`${showCount(lost.iterations)} iterations were lost with a slave`] : []),
    ...(report.degraded ? ["the run was degraded"] : []),
  ];
  const notes =
    warm_up.http_reqs > 0 || warm_up.iterations > 0
      ? [
          colors.dim(
            `warm-up left out: ${showCount(warm_up.http_reqs)} requests, ${showCount(warm_up.iterations)} iterations`,
          ),
        ]
      : [];
  // No step's error tells of it.
  const cause = report.reason === "start_failed" ? report.events.findLast(({ type }) => type === "stopped") : undefined;
  const told = cause === undefined ? "" : `: ${showText(cause.message)}`;
  const why = report.reason === null ? "" : `: ${reasons[report.reason]}${told}`;
  const took = colors.dim(report.start_time === null ? "before it began" : `after ${showDuration(report.duration_ms)}`);
  const isAborted = report.status === "aborted";
  const word = isAborted ? "aborted" : report.passed ? "passed" : "failed";
  // Its thresholds held, and yet what was to be shown was not.
  const isOpen = isAborted && report.passed;
  const mark = isOpen ? "!" : report.passed ? "✓" : "✗";
  const paint = isOpen ? colors.yellow : report.passed ? colors.green : colors.red;
  const verdict = paint(`${mark} ${word}${why}${isOpen ? ", its thresholds held until then" : ""}`);
  return [
    ...warnings.map((warning) => colors.yellow(`! ${warning}`)),
    ...notes,
    ...(warnings.length + notes.length > 0 ? [""] : []),
    `${colors.bold(verdict)} ${took}`,
  ];
};
