import { readFileSync } from "node:fs";

/** The version in package.json. */
export function readEngineVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}

/** One line: the engine's version and what it runs on. */
export function describeVersion(): string {
  return `workflow-engine ${readEngineVersion()} (Node.js ${process.version}, ${process.platform} ${process.arch})`;
}
