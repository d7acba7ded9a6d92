import { openGrowingFile } from "./file.ts";
import type { OpenOutput, OutputPoint } from "./output.ts";
import { listPointValues } from "./point-values.ts";

const columns = [
  "count",
  "value",
  "rate",
  "passes",
  "total",
  "sum",
  "min",
  "max",
  "avg",
  "p50",
  "p90",
  "p95",
  "p99",
] as const;

/** A row for each point; tags are written as a query: `scenario=default&step=a`. */
export const openCsv: OpenOutput = async ({ spec, position }) => {
  const file = await openGrowingFile(spec.target, position);
  let isNew = position === null || position === 0;
  const head = `time,interval_ms,metric,type,tags,late,${columns.join(",")}\n`;
  return {
    measures: "intervals",
    encode(points) {
      const rows = points.map((point) => writeRow(point, spec.intervalMs)).join("");
      const text = isNew ? head + rows : rows;
      isNew = false;
      return Buffer.from(text);
    },
    send: (body, signal) => file.append(body, signal),
    position: () => file.size,
    close: () => file.close(),
  };
};

function writeRow({ metric, tags, timeMs, total, late }: OutputPoint, intervalMs: number): string {
  const values = listPointValues(total);
  const cells = [
    new Date(timeMs).toISOString(),
    intervalMs,
    metric,
    total.type,
    new URLSearchParams(tags).toString(),
    late > 0,
    ...columns.map((column) => values[column] ?? ""),
  ];
  return `${cells.map((cell) => quote(String(cell))).join(",")}\n`;
}

function quote(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
