import { showCount, showShare, showText } from "./people.ts";
import { type Section, showMark } from "./section.ts";
import { layTable } from "./table.ts";

/** All checks as a share, then each with its counts. */
export const showChecks: Section = ({ checks }, paint) => {
  if (checks.length === 0) return [];
  const { colors } = paint;
  const passes = checks.reduce((sum, check) => sum + check.passes, 0);
  const total = checks.reduce((sum, check) => sum + check.passes + check.fails, 0);
  const rows = checks.map((check) => [
    { text: showText(check.name) },
    { text: showText(check.step_id), paint: colors.dim },
    { text: showShare(check.passes / Math.max(1, check.passes + check.fails)) },
    check.fails === 0 ? { text: "" } : { text: `${showCount(check.fails)} failed`, paint: colors.red },
  ]);
  const columns = [
    { title: "", align: "left" },
    { title: "", align: "left", drop: 1 },
    { title: "", align: "right" },
    { title: "", align: "right" },
  ] as const;
  const lines = layTable(columns, rows, paint.width - 4, colors.dim);
  const share = passes / Math.max(1, total);
  return [
    `${colors.bold("CHECKS")}  ${showShare(share)}  ${colors.dim(`${showCount(passes)} of ${showCount(total)} passed`)}`,
    ...lines.map((line, place) => `  ${showMark(checks[place]?.fails === 0, paint)} ${line}`),
  ];
};
