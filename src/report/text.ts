import { createColors } from "picocolors";
import type { Render } from "./render.ts";
import { showChecks } from "./text/checks.ts";
import { showErrors } from "./text/errors.ts";
import { showTotals, showTrends } from "./text/metrics.ts";
import { showLimit } from "./text/limit.ts";
import { showText } from "./text/people.ts";
import type { Paint, Section } from "./text/section.ts";
import { showSteps } from "./text/steps.ts";
import { showThresholds } from "./text/thresholds.ts";
import { showVerdict } from "./text/verdict.ts";

const showHead: Section = ({ workflow_name, workflow_id }, { colors }) => {
  const beside = workflow_name === workflow_id ? "" : `  ${colors.dim(showText(workflow_id))}`;
  return [`${colors.bold(showText(workflow_name))}${beside}`];
};

const sections: readonly Section[] = [
  showHead,
  showLimit,
  showThresholds,
  showChecks,
  showSteps,
  showTrends,
  showTotals,
  showErrors,
  showVerdict,
];

const LEAST_WIDTH = 40;
const INDENT = "  ";

/** The summary for people, ending with the verdict. */
export const renderText: Render = (report, options) => renderSections(sections, report, options);

/** The verdict alone. */
export const renderVerdict: Render = (report, options) => renderSections([showVerdict], report, options);

function renderSections(
  shown: readonly Section[],
  ...[report, { color, width }]: Parameters<Render>
): ReturnType<Render> {
  const paint: Paint = { colors: createColors(color), width: Math.max(LEAST_WIDTH, width) - INDENT.length };
  const parts = shown.map((section) => section(report, paint)).filter((lines) => lines.length > 0);
  const text = parts.map((lines) => lines.map((line) => (line === "" ? "" : INDENT + line)).join("\n")).join("\n\n");
  return `\n${text}\n`;
}
