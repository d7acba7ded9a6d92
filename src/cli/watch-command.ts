import { createSystemClock } from "../run/system-clock.ts";
import { systemTime } from "../run/system-time.ts";
import type { WatchOptions } from "./execution-options.ts";
import { findMaster } from "./find-master.ts";
import { finishReport } from "./finish-report.ts";
import { followMaster } from "./follow-master.ts";
import { printError, tellError } from "./tell-error.ts";
import type { Terminal } from "./terminal.ts";
import { createTextLog } from "./text-log.ts";

/** `executions watch ID`: shows how it goes, then its summary; gives the exit code as `submit` does. Nothing is thrown. */
export async function watchCommand(id: string, options: WatchOptions, terminal: Terminal): Promise<number> {
  const { quiet = false } = options;
  try {
    const client = findMaster(options, terminal);
    const execution = await client.getExecution(id);
    const followed = followMaster({
      client,
      id: execution.id,
      terminal,
      clock: createSystemClock(systemTime),
      log: createTextLog(terminal, quiet ? "error" : "warn", (text) => text),
      goal: { durationMs: null, iterations: null },
      quiet,
    });
    try {
      const report = await followed.report;
      followed.close();
      return finishReport(report, [], options, terminal);
    } finally {
      followed.close();
    }
  } catch (error) {
    return options.json ? printError(terminal, error) : tellError(terminal, error, "");
  }
}
