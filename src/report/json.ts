import type { Render } from "./render.ts";

/**
 * The report as JSON text with a newline at its end: indented, lists of plain values on one line.
 * Integers beyond 2^53 keep their digits.
 */
export const renderJson: Render = (report) => `${writeValue(report, "\n")}\n`;

/** `line` is what starts a new line of the value around. */
function writeValue(value: unknown, line: string): string {
  if (typeof value === "bigint") return String(value);
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  const inner = `${line}  `;
  if (Array.isArray(value)) {
    const items = (value as readonly unknown[]).map((item) => writeValue(item, inner));
    const plain = items.every((item) => !item.startsWith("{") && !item.startsWith("["));
    return plain ? `[${items.join(", ")}]` : wrap("[", items, "]", line);
  }
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .map(([name, field]) => `${JSON.stringify(name)}: ${writeValue(field, inner)}`);
  return fields.length === 0 ? "{}" : wrap("{", fields, "}", line);
}

function wrap(open: string, parts: readonly string[], close: string, line: string): string {
  return `${open}${line}  ${parts.join(`,${line}  `)}${line}${close}`;
}
