import { showText } from "../report/text/people.ts";
import { type Column, layTable } from "../report/text/table.ts";
import type { Terminal } from "./terminal.ts";

/** Rows of texts below titles, in columns that are aligned whatever script they are in; `-` in front of a title: to the right. */
export function showTable(titles: readonly string[], rows: readonly (readonly string[])[], { out }: Terminal): string {
  const columns: Column[] = titles.map((title) =>
    title.startsWith("-") ? { title: title.slice(1), align: "right" } : { title, align: "left" },
  );
  const cells = rows.map((row) => row.map((text) => ({ text: showText(text) })));
  // Ids must not be cut: a pipe, and whoever copies them, gets them whole.
  return `${layTable(columns, cells, Number.POSITIVE_INFINITY, out.colors.bold).join("\n")}\n`;
}

/** `name  value` lines. */
export function showFields(fields: readonly (readonly [name: string, value: string])[], terminal: Terminal): string {
  const { colors } = terminal.out;
  const width = Math.max(...fields.map(([name]) => name.length));
  return fields.map(([name, value]) => `${colors.dim(name.padEnd(width))}  ${showText(value)}\n`).join("");
}

/** A time of an answer as people see it: local, with its offset; null is a dash. */
export function showTime(time: string | null): string {
  if (time === null) return "–";
  const date = new Date(time);
  const pad = (value: number): string => String(value).padStart(2, "0");
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? "-" : "+"}${pad(Math.floor(Math.abs(offset) / 60))}:${pad(Math.abs(offset) % 60)}`;
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())} ${zone}`;
}
