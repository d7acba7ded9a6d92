import { showCount, showDuration, showText } from "./people.ts";
import type { Section } from "./section.ts";
import { type Column, layTable } from "./table.ts";

const columns: readonly Column[] = [
  { title: "STEPS", align: "left" },
  { title: "count", align: "right" },
  { title: "failed", align: "right" },
  { title: "avg", align: "right", drop: 2 },
  { title: "med", align: "right", drop: 3 },
  { title: "p(90)", align: "right", drop: 4 },
  { title: "p(95)", align: "right" },
  { title: "p(99)", align: "right", drop: 1 },
  { title: "max", align: "right", drop: 5 },
];

/** Each step with its counts and times; one without a time (a sleep) only when it failed. */
export const showSteps: Section = ({ step_metrics }, { colors, width }) => {
  const steps = Object.values(step_metrics).filter(
    ({ duration, failure_count }) => duration.avg !== null || failure_count > 0,
  );
  if (steps.length === 0) return [];
  const rows = steps.map(({ step_id, count, failure_count, duration }) => [
    { text: `  ${showText(step_id)}` },
    { text: showCount(count) },
    { text: showCount(failure_count), paint: failure_count > 0 ? colors.red : colors.dim },
    { text: showDuration(duration.avg) },
    { text: showDuration(duration.p50) },
    { text: showDuration(duration.p90) },
    { text: showDuration(duration.p95), paint: colors.cyan },
    { text: showDuration(duration.p99) },
    { text: showDuration(duration.max) },
  ]);
  return layTable(columns, rows, width, colors.bold);
};
