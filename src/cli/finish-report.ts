import { exitCodeOf } from "../local/exit-code.ts";
import type { Report } from "../protocol/report.ts";
import { reportFormats } from "../report/report-formats.ts";
import { renderVerdict } from "../report/text.ts";
import { type OutputFile, parseOutputFile, writeOutputFiles } from "./output-files.ts";
import type { ResultOptions } from "./run-options.ts";
import { tellError } from "./tell-error.ts";
import type { Terminal } from "./terminal.ts";

/** The files that the options ask for. Throws EngineError `invalid_usage`. */
export function listOutputs({ outJson, report = [] }: Pick<ResultOptions, "outJson" | "report">): OutputFile[] {
  const json: OutputFile[] = outJson === undefined ? [] : [{ format: "json", path: outJson }];
  return [...json, ...report.map(parseOutputFile)];
}

/** Prints the report and writes its files; gives the exit code. The summary first: it must not be lost when a file cannot be written. */
export async function finishReport(
  report: Report,
  outputs: readonly OutputFile[],
  options: Pick<ResultOptions, "json"> & { readonly failOnDegraded?: boolean; readonly debug?: boolean },
  terminal: Terminal,
): Promise<number> {
  const { out } = terminal;
  const render = options.json ? reportFormats.json : options.debug ? renderVerdict : reportFormats.text;
  terminal.print(render(report, { color: out.colored && !options.json, width: out.width() }));
  const failures = await writeOutputFiles(outputs, report);
  const codes = failures.map((failure) => tellError(terminal, failure, ""));
  return exitCodeOf(report, options.failOnDegraded ?? false) || (codes[0] ?? 0);
}
