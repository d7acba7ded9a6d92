import type { Render } from "./render.ts";

/** A row for each number of each metric: `metric,type,contains,statistic,value`; what is not known is empty. */
export const renderCsv: Render = ({ metrics }) => {
  const rows = Object.entries(metrics).flatMap(([name, { type, contains, values }]) =>
    Object.entries(values).map(([statistic, value]) => [name, type, contains, statistic, value ?? ""]),
  );
  return [["metric", "type", "contains", "statistic", "value"], ...rows]
    .map((row) => `${row.map((value) => quote(String(value))).join(",")}\n`)
    .join("");
};

function quote(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
