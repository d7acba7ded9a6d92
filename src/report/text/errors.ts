import { showCount, showText } from "./people.ts";
import type { Section } from "./section.ts";
import { clipText } from "./table.ts";

const SHOWN = 10;

/** The most frequent errors, each with its count and what one of them looked like. */
export const showErrors: Section = ({ errors }, { colors, width }) => {
  if (errors.length === 0) return [];
  const total = errors.reduce((sum, { count }) => sum + count, 0);
  const shown = errors.slice(0, SHOWN);
  const countWidth = Math.max(...shown.map(({ count }) => showCount(count).length));
  const lines = shown.flatMap(({ code, message, step_id, count, sample }) => {
    const amount = showCount(count).padStart(countWidth);
    const place = step_id === "" ? "" : `${showText(step_id)}: `;
    const indent = " ".repeat(countWidth + 6);
    const text = clipText(`${code}  ${place}${showText(message)}`, width - countWidth - 6);
    const line = `  ${colors.red(`${amount} ×`)}  ${text}`;
    const example = sample === null ? "" : showSample(sample);
    return example === "" ? [line] : [line, `${indent}${colors.dim(clipText(example, width - indent.length))}`];
  });
  const more = errors.length > SHOWN ? [colors.dim(`  … and ${showCount(errors.length - SHOWN)} more kinds`)] : [];
  return [`${colors.bold("ERRORS")}  ${colors.red(showCount(total))}`, ...lines, ...more];
};

function showSample({ url, status, body }: { url: string; status: number; body: string }): string {
  const parts = [showText(url), status === 0 ? "" : `-> ${status}`, showText(body.slice(0, 200))];
  return parts.filter((part) => part !== "").join(" ");
}
