import type { LimitLevel } from "../../protocol/report.ts";
import type { Report } from "../../protocol/report.ts";
import { showCount, showNumber, showText } from "./people.ts";
import { type Section, showMark } from "./section.ts";
import { type Column, layTable } from "./table.ts";
import { showMeasured } from "./thresholds.ts";

const columns: readonly Column[] = [
  { title: "target", align: "right" },
  { title: "achieved", align: "right" },
  { title: "dropped", align: "right", drop: 1 },
  { title: "", align: "left", drop: 2 },
  { title: "measured", align: "right" },
];

/** The limit that a search found, why there is nothing above it, and every level in the order in which it was tried. */
export const showLimit: Section = (report, paint) => {
  const { colors, width } = paint;
  // A report of an earlier version has none.
  const found = report.find_limit ?? null;
  if (found === null) return [];
  const unit = found.of === "rate" ? "/s" : " VUs";
  const shown = found.limit === null ? colors.red("none") : colors.green(`${showCountOrRate(found.limit)}${unit}`);
  const rows = found.levels.map((level) => {
    const decisive = findDecisive(level);
    return [
      { text: `${showCountOrRate(level.target)}${unit}` },
      { text: `${showNumber(level.achieved_per_s)}/s` },
      { text: showCount(level.dropped), paint: level.dropped > 0 ? colors.red : colors.dim },
      { text: decisive === undefined ? "" : showText(`${decisive.metric}: ${decisive.condition}`), paint: colors.dim },
      {
        text: decisive === undefined ? "" : showMeasured(decisive, report),
        paint: level.held ? colors.bold : colors.red,
      },
    ];
  });
  const [head = "", ...lines] = layTable(columns, rows, width - 4, colors.dim);
  return [
    `${colors.bold("LIMIT")}  ${colors.bold(shown)}  ${colors.dim(showText(found.reason))}`,
    ...(found.levels.length === 0 ? [] : [`    ${head}`]),
    ...lines.map((line, place) => `  ${showMark(found.levels[place]?.held === true, paint)} ${line}`),
  ];
};

/** What broke it, else the first. */
function findDecisive({ thresholds }: LimitLevel): Report["thresholds"][number] | undefined {
  return thresholds.find(({ passed }) => passed !== true) ?? thresholds[0];
}

function showCountOrRate(target: number): string {
  return Number.isInteger(target) ? showCount(target) : String(target);
}
