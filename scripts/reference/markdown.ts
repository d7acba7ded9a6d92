/** A table of Markdown; no rows: nothing. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  return `${[head, head.map(() => "---"), ...rows].map(printRow).join("\n")}\n`;
}

function printRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
}

export function code(text: string): string {
  return `\`${text}\``;
}

/** Its parts with an empty line between them. */
export function printParts(parts: readonly string[]): string {
  return parts
    .map((part) => part.trimEnd())
    .filter((part) => part !== "")
    .join("\n\n");
}
