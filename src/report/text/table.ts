import { measureWidth } from "./text-width.ts";

/** A text and how it is painted; painting never changes its width. */
export interface Cell {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

export interface Column {
  readonly title: string;
  readonly align: "left" | "right";
  /** Left out when the table is too wide; the largest goes first. Absent: never. */
  readonly drop?: number;
}

const GAP = "  ";
const LEAST_CLIPPED = 16;

/**
 * Rows with aligned columns, wide characters counted as two. Where they don't fit into `width`, columns are left
 * out, then the first one is cut.
 */
export function layTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number,
  paintTitle: (text: string) => string,
): string[] {
  const widths = columns.map((column, place) =>
    Math.max(measureWidth(column.title), ...rows.map((row) => measureWidth(row[place]?.text ?? ""))),
  );
  const shown = columns.map((_, place) => place);
  const sum = () => shown.reduce((total, place) => total + (widths[place] ?? 0) + GAP.length, -GAP.length);
  const droppable = shown
    .filter((place) => columns[place]?.drop !== undefined)
    .toSorted((left, right) => (columns[right]?.drop ?? 0) - (columns[left]?.drop ?? 0));
  const clipTo = () => (widths[0] ?? 0) - Math.max(0, sum() - width);
  for (const place of droppable) {
    if (clipTo() >= Math.min(LEAST_CLIPPED, widths[0] ?? 0)) break;
    shown.splice(shown.indexOf(place), 1);
  }
  widths[0] = Math.max(Math.min(LEAST_CLIPPED, widths[0] ?? 0), clipTo());
  const lay = (cells: readonly Cell[]) =>
    shown
      .map((place) => layCell(cells[place] ?? { text: "" }, widths[place] ?? 0, columns[place]?.align ?? "left"))
      .join(GAP)
      .trimEnd();
  const titled = columns.some(({ title }) => title !== "");
  const head = titled ? [lay(columns.map(({ title }) => ({ text: title, paint: paintTitle })))] : [];
  return [...head, ...rows.map(lay)];
}

/** A text of at most `width` columns; a longer one is cut and ends with `…`. */
export function clipText(text: string, width: number): string {
  if (measureWidth(text) <= width) return text;
  let clipped = "";
  let used = 1;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    used += measureWidth(segment);
    if (used > width) break;
    clipped += segment;
  }
  return `${clipped}…`;
}

function layCell({ text, paint }: Cell, width: number, align: Column["align"]): string {
  const clipped = clipText(text, width);
  const space = " ".repeat(Math.max(0, width - measureWidth(clipped)));
  const painted = paint === undefined || clipped === "" ? clipped : paint(clipped);
  return align === "left" ? painted + space : space + painted;
}
