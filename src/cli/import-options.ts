import type { Command } from "commander";
import { type ImportFormat, importFormats } from "../import/formats.ts";
import { collectTexts } from "./option-values.ts";

/** What commander collects for `import`. */
export interface ImportCommandOptions {
  readonly output?: string;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly thinkTimes: boolean;
  readonly cookies?: boolean;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly tag?: readonly string[];
}

/** The formats of `import`. */
export const importFormatNames = Object.keys(importFormats) as ImportFormat[];

export function addImportOptions(command: Command): Command {
  return command
    .option("-o, --output <file>", "where the workflow is written; default: stdout")
    .option("--force", "write over files that are there")
    .option("--json", "what was made and left out, as JSON: on stdout with --output, else on stderr")
    .option("--no-think-times", "leave out the pauses of the source")
    .option("--cookies", "har: send recorded cookies, as secrets")
    .option("--include <glob>", "only requests to such a host, /path or host/path; repeat it for more", collectTexts)
    .option("--exclude <glob>", "no requests to such a host, /path or host/path; repeat it for more", collectTexts)
    .option("--tag <tag>", "openapi: only operations with this tag; repeat it for more", collectTexts)
    .option("--no-color", "no colours");
}
