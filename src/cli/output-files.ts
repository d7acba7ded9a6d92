import { closeSync, constants, openSync, realpathSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { suggest } from "../document/suggest.ts";
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
      `--report ${text}: it takes FORMAT=FILE with one of the formats ${known.join(", ")}.${suggest(format, known)}`,
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
 * Makes sure that every file can be written, before any load goes out, and that no two of them, nor of `others`, are the
 * same. Throws EngineError `unwritable_output`, or `invalid_usage`.
 */
export function probeOutputFiles(
  files: readonly Pick<OutputFile, "path">[],
  others: readonly Pick<OutputFile, "path">[] = [],
): OutputProbe {
  refuseSame([...others, ...files]);
  let made: string[] = [];
  const undo = (): void => {
    for (const path of made) unlinkSync(path);
    made = [];
  };
  const keep = (): void => {
    made = [];
  };
  for (const { path } of files) {
    if (path === "-") {
      undo();
      throw new EngineError("unwritable_output", "`-` is no file; for stdout name /dev/stdout");
    }
    const isNew = statSync(path, { throwIfNoEntry: false }) === undefined;
    try {
      probe(path);
    } catch (error) {
      undo();
      throw unwritable(path, error);
    }
    if (isNew) made.push(path);
  }
  return { keep, undo };
}

const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;

/** A pipe that nobody reads would be waited for without end: it is refused. */
function probe(path: string): void {
  const isPipe = statSync(path, { throwIfNoEntry: false })?.isFIFO() === true;
  const descriptor = openSync(path, O_WRONLY | O_APPEND | O_CREAT | (isPipe ? O_NONBLOCK : 0), 0o644);
  // Its reader would take the close for the end of all that comes.
  if (!isPipe) closeSync(descriptor);
}

function refuseSame(files: readonly Pick<OutputFile, "path">[]): void {
  const taken = new Map<string, string>();
  for (const { path } of files) {
    const place = locate(path);
    if (place === null) continue;
    const before = taken.get(place);
    if (before !== undefined)
      throw new EngineError(
        "invalid_usage",
        `two outputs write ${path}${before === path ? "" : ` (${before} is the same file)`}; choose another file for one`,
      );
    taken.set(place, path);
  }
}

/** Where a file is, or would be; null: it is none of its own, as /dev/null. */
function locate(path: string): string | null {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) return null;
    return statSync(path, { throwIfNoEntry: false }) === undefined
      ? join(realpathSync(dirname(resolve(path))), basename(path))
      : realpathSync(path);
  } catch {
    // Where it cannot be looked at, it cannot be written.
    return null;
  }
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
