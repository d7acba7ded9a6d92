import type { ReportMetric } from "../../protocol/report.ts";
import { showBytes, showCount, showDuration, showNumber, showShare, showText } from "./people.ts";
import type { Section } from "./section.ts";
import { type Column, layTable } from "./table.ts";

const trendColumns: readonly Column[] = [
  { title: "TIMES", align: "left" },
  { title: "avg", align: "right", drop: 2 },
  { title: "min", align: "right", drop: 5 },
  { title: "med", align: "right", drop: 3 },
  { title: "p(90)", align: "right", drop: 4 },
  { title: "p(95)", align: "right" },
  { title: "p(99)", align: "right", drop: 1 },
  { title: "max", align: "right" },
];

/** Trends: times and what the workflow measures itself. Phases that never took any time are left out. */
export const showTrends: Section = ({ metrics }, { colors, width }) => {
  const rows = Object.entries(metrics)
    .filter(([name, { type, values }]) => type === "trend" && !isInSteps(name) && (values["max"] ?? 0) !== 0)
    .map(([name, { contains, values }]) => {
      const show = contains === "time" ? showDuration : contains === "data" ? showBytes : showNumber;
      const cell = (key: string) => ({ text: show(values[key] ?? null) });
      return [
        nameCell(name, colors.dim),
        cell("avg"),
        cell("min"),
        cell("med"),
        cell("p(90)"),
        { ...cell("p(95)"), paint: colors.cyan },
        cell("p(99)"),
        cell("max"),
      ];
    });
  return rows.length === 0 ? [] : layTable(trendColumns, rows, width, colors.bold);
};

/** The table of steps has it already. */
function isInSteps(name: string): boolean {
  return name === "step_duration" || name.startsWith("step_duration{");
}

const totalColumns: readonly Column[] = [
  { title: "TOTALS", align: "left" },
  { title: "", align: "right" },
  { title: "", align: "right" },
];

/** Counters with their rates, shares with their counts, gauges with their range. */
export const showTotals: Section = ({ metrics }, { colors, width }) => {
  const rows = Object.entries(metrics)
    .filter(([, { type }]) => type !== "trend")
    .map(([name, metric]) => {
      const [value, beside] = describeTotal(metric);
      return [nameCell(name, colors.dim), { text: value }, { text: beside, paint: colors.dim }];
    });
  return rows.length === 0 ? [] : layTable(totalColumns, rows, width, colors.bold);
};

function describeTotal({ type, contains, values }: ReportMetric): readonly [value: string, beside: string] {
  const value = (key: string): number | null => values[key] ?? null;
  const show = contains === "data" ? showBytes : showNumber;
  switch (type) {
    case "counter": {
      const rate = value("rate");
      const count = contains === "data" ? showBytes(value("count")) : showCount(value("count"));
      return [count, rate === null ? "" : `${show(rate)}/s`];
    }
    case "rate": {
      const [passes, fails] = [value("passes") ?? 0, value("fails") ?? 0];
      return [showShare(value("rate")), `${showCount(passes)} of ${showCount(passes + fails)}`];
    }
    case "gauge":
      return [show(value("value")), `min ${show(value("min"))}, max ${show(value("max"))}`];
    case "trend":
      return ["", ""];
    default:
      return type satisfies never;
  }
}

/** Parts of a metric stand under it. */
function nameCell(name: string, dim: (text: string) => string) {
  const brace = name.indexOf("{");
  return brace === -1 ? { text: `  ${showText(name)}` } : { text: `    ${showText(name.slice(brace))}`, paint: dim };
}
