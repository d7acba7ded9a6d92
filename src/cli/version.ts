import { readEngineVersion } from "../local/engine-version.ts";

/** One line: the engine's version and what it runs on. */
export function describeVersion(): string {
  return `workflow-engine ${readEngineVersion()} (Node.js ${process.version}, ${process.platform} ${process.arch})`;
}
