import { closeSync, openSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { EngineError } from "../errors.ts";
import type { Report } from "../protocol/report.ts";
import { explainWriteError } from "./explain-write-error.ts";
import { type FileFormat, fileFormats, isFileFormat } from "../report/file-formats.ts";

/** Where a finished report goes besides the terminal. */
export interface OutputFile {
  readonly format: FileFormat;
  readonly path: string;
}

/** Reads `FORMAT=FILE`. Throws EngineError `invalid_usage`. */
export function parseOutputFile(text: string): OutputFile {
  const cut = text.indexOf("=");
  const format = text.slice(0, Math.max(cut, 0));
  const known = Object.keys(fileFormats);
  if (format === "html") {
    const message = `--report ${text}: html comes with a later version; it takes one of ${known.join(", ")}`;
    throw new EngineError("invalid_usage", message);
  }
  if (!isFileFormat(format) || cut === text.length - 1) {
    throw new EngineError(
      "invalid_usage",
      `--report ${text}: it takes FORMAT=FILE with one of the formats ${known.join(", ")}`,
    );
  }
  return { format, path: text.slice(cut + 1) };
}

/** The files made to see that they can be written: `undo` removes them unless `keep` was called. */
export interface OutputProbe {
  keep(): void;
  undo(): void;
}

/**
 * Makes sure that every file can be written, before any load goes out.
 * Throws EngineError `unwritable_output`.
 */
export function probeOutputFiles(files: readonly Pick<OutputFile, "path">[]): OutputProbe {
  let made: string[] = [];
  const undo = (): void => {
    for (const path of made) unlinkSync(path);
    made = [];
  };
  const keep = (): void => {
    made = [];
  };
  for (const { path } of files) {
    const isNew = statSync(path, { throwIfNoEntry: false }) === undefined;
    try {
      closeSync(openSync(path, "a"));
    } catch (error) {
      undo();
      throw unwritable(path, error);
    }
    if (isNew) made.push(path);
  }
  return { keep, undo };
}

/** Writes the report to each file; every failure is given back, none stops the others. */
export async function writeOutputFiles(files: readonly OutputFile[], report: Report): Promise<EngineError[]> {
  const failures: EngineError[] = [];
  for (const { format, path } of files) {
    try {
      const render = await fileFormats[format]();
      writeFileSync(path, render(report, { color: false, width: 120 }));
    } catch (error) {
      failures.push(unwritable(path, error));
    }
  }
  return failures;
}

function unwritable(path: string, cause: unknown): EngineError {
  const message = `cannot write ${path}: ${explainWriteError(cause)}; choose another file`;
  return new EngineError("unwritable_output", message, { cause });
}
