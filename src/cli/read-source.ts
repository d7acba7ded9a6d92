import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseEnv } from "node:util";
import { EngineError } from "../errors.ts";

/** The text of a file, or of stdin for `-`. Throws EngineError `unreadable_file`. */
export function readSource(file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file === "-" ? 0 : file));
  } catch (cause) {
    throw new EngineError("unreadable_file", `cannot read ${file}: ${explain(cause)}; check the path`, { cause });
  }
}

/** Reads files that a workflow names, relative to the folder the workflow is in. */
export function createFileReader(workflowFile: string): (path: string) => string {
  const folder = workflowFile === "-" ? process.cwd() : dirname(resolve(workflowFile));
  return (path) => readSource(resolve(folder, path));
}

/** The pairs of an environment file. Throws EngineError `unreadable_file`. */
export function readEnvFile(file: string): Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const [name, value] of Object.entries(parseEnv(readSource(file)))) {
    if (value !== undefined) pairs[name] = value;
  }
  return pairs;
}

function explain(cause: unknown): string {
  if (cause instanceof TypeError) return "it is not UTF-8 text";
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EISDIR") return "it is a folder";
  if (code === "EACCES") return "it may not be read";
  return message;
}
