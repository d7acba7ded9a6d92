import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { repository } from "./command.ts";
import { createFolder } from "./workflows.ts";

/** A workflow's text, in which whatever is bounded by a duration has a minute. */
export function withPatience(text: string): string {
  return text.replaceAll(/\b((?:p\([\d.]+\)|avg|med|max) *<=? *|timeout: *)\d+(?:ms|s)\b/g, "$160s");
}

/**
 * Copies an example with all that lies beside it, and gives the path of one that a slow machine passes as well: its bounds of
 * a duration are a minute.
 */
export function copyPatiently(example: string): string {
  const folder = createFolder();
  cpSync(join(repository, dirname(example)), folder, { recursive: true });
  const file = join(folder, basename(example));
  writeFileSync(file, withPatience(readFileSync(file, "utf8")));
  return file;
}
