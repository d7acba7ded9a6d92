import type { Json } from "../../src/protocol/json.ts";

/** What was printed without what differs from run to run: numbers with their units, ids, times, the widths of columns. */
export function plainOutput(text: string): string {
  return text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}/g, "ID")
    .replaceAll(/sha256:[0-9a-f]{64}/g, "HASH")
    .replaceAll(/we_[\w-]{43}/g, "KEY")
    .replaceAll(/[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT/g, "TIME")
    .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?: ?(?:Z|[+-]\d\d:\d\d))?/g, "TIME")
    .replaceAll(/(?:\d[\d,]*(?:\.\d+)?|–)(?: ?(?:µs|ms|[kMG]?B|s|m|h|d)\b)?(?:\/s|%)?/g, "#")
    .replaceAll(/#(?: ?#)+/g, "#")
    .replaceAll(/[ \t]+/g, " ")
    .split("\n")
    .map((line) => line.trim())
    .join("\n")
    .trim();
}

/** Whether that is what the page shows; `…` stands for a part of a line, or as a line of its own for any lines. */
export function matchesOutput(shown: string, printed: string): boolean {
  const escaped = plainOutput(shown).replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = `\n${escaped}\n`.replaceAll(/(?<=\n)…\n/g, "(?:.*\n)*?").replaceAll("…", ".*");
  return new RegExp(`^${pattern}$`).test(`\n${plainOutput(printed)}\n`);
}

/** Whether JSON has what the page shows of it: its fields, texts the same but for what differs, other values of the same type. */
export function matchesJson(shown: Json, printed: Json | undefined): boolean {
  if (typeof shown === "string") return typeof printed === "string" && matchesOutput(shown, printed);
  if (typeof shown !== "object" || shown === null || printed === null) return typeof shown === typeof printed;
  if (Array.isArray(shown)) {
    const all: readonly Json[] | null = Array.isArray(printed) ? printed : null;
    return all?.length === shown.length && shown.every((each: Json, index) => matchesJson(each, all[index]));
  }
  if (typeof printed !== "object" || Array.isArray(printed)) return false;
  const fields = printed as Readonly<Record<string, Json>>;
  if (Object.keys(shown).length === 0) return Object.keys(fields).length === 0;
  return Object.entries(shown).every(([name, value]) => matchesJson(value, fields[name]));
}
