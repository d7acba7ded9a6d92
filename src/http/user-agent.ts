import { readFileSync } from "node:fs";

/** What requests call themselves: the package's name and version; its file lies beside both `src` and `dist`. */
export function readUserAgent(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return `workflow-engine/${(JSON.parse(text) as { version: string }).version}`;
}
