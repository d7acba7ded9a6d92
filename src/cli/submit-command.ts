import { createMasker } from "../run/masker.ts";
import { createSystemClock } from "../run/system-clock.ts";
import { systemTime } from "../run/system-time.ts";
import { createEarlyInterrupt } from "./early-interrupt.ts";
import { findMaster } from "./find-master.ts";
import { finishReport, listOutputs } from "./finish-report.ts";
import { followMaster } from "./follow-master.ts";
import { watchInterrupts } from "./interrupts.ts";
import { loadSubmission } from "./load-submission.ts";
import { fetchFiles, listFetchedFiles } from "./metric-streams.ts";
import type { SubmitOptions } from "./master-options.ts";
import { probeOutputFiles } from "./output-files.ts";
import { findGoal } from "./progress-text.ts";
import { watchPatience } from "./patience.ts";
import { rememberSecrets } from "./secret-memory.ts";
import { startStopping, type Stopping } from "./stopping.ts";
import { createProblemsError, formatProblem, printError, tellError } from "./tell-error.ts";
import type { Terminal } from "./terminal.ts";
import { createTextLog } from "./text-log.ts";

const stoppedBySignal = 105;

/** `submit FILE`: gives the exit code. Whatever goes wrong is told; nothing is thrown. */
export async function submitCommand(file: string, options: SubmitOptions, terminal: Terminal): Promise<number> {
  const { quiet = false } = options;
  const closers: (() => void)[] = [];
  const close = (): void => {
    for (const closer of closers.splice(0)) closer();
  };
  let interrupt: ((times: number) => void) | null = null;
  const leave = (): void => {
    close();
    process.exit(stoppedBySignal);
  };
  const interrupts = watchInterrupts((times) => {
    if (interrupt !== null && times <= 2) return interrupt(times);
    leave();
  });
  closers.push(() => interrupts.close());
  try {
    const outputs = listOutputs(options);
    const fetched = listFetchedFiles(options.out ?? []);
    const probe = probeOutputFiles([...outputs, ...fetched]);
    closers.push(() => probe.undo());
    rememberSecrets(options.secret ?? {});
    const { loaded, body, files } = await loadSubmission(file, options);
    if ("problems" in loaded) throw createProblemsError(file, loaded.problems);
    if (!quiet) for (const warning of loaded.warnings) terminal.tell(formatProblem(warning, file, terminal.err));

    const client = findMaster(options, terminal);
    const queue = options.queue === true || options.wait !== undefined;
    const early = createEarlyInterrupt({ master: client.master, terminal, quiet, leave });
    closers.push(() => early.close());
    interrupt = (times) => early.note(times);
    const submitted = await client.submit({ ...body, queue }, { files });
    early.close();
    const { execution_id: id } = submitted;
    if (options.detach) {
      probe.undo();
      terminal.print(options.json ? `${JSON.stringify(submitted, null, 2)}\n` : `${id}\n`);
      close();
      return early.came ? stoppedBySignal : 0;
    }
    if (!quiet) terminal.tell(`submitted to ${client.master}: ${id}\n`);

    const clock = createSystemClock(systemTime);
    const patience = options.wait === undefined ? null : watchPatience(client, id, options.wait, clock);
    let stopping: Stopping | null = null;
    const followed = followMaster({
      client,
      id,
      terminal,
      clock,
      log: createTextLog(terminal, quiet ? "error" : options.logLevel, createMasker(options.secret ?? {})),
      goal: findGoal(loaded.workflow),
      quiet,
      onStatus: (status) => patience?.note(status),
      onFound: () => stopping?.repeat(),
    });
    closers.unshift(() => followed.close());
    if (patience !== null) closers.push(() => patience.close());
    const detached = Promise.withResolvers<number>();
    interrupt = (times) => {
      if (options.onInterrupt === "detach") {
        terminal.tell(`${id} goes on; see it with: workflow-engine executions watch ${id}\n`);
        detached.resolve(stoppedBySignal);
        return;
      }
      if (times > 1 && followed.lost) {
        terminal.tell(`${id} may go on: no master answers; ask one later with: workflow-engine executions get ${id}\n`);
        detached.resolve(stoppedBySignal);
        return;
      }
      const again = followed.lost ? "to leave without it" : "to stop now";
      if (times === 1 && !quiet) terminal.tell(`stopping; press Ctrl-C again ${again}\n`);
      stopping = startStopping(client, id, times > 1, terminal);
    };
    if (early.came) interrupt(1);
    const ended = await Promise.race([
      followed.report,
      detached.promise,
      ...(patience === null ? [] : [patience.failed]),
    ]);
    if (patience?.late) throw patience.late;
    if (typeof ended === "number") {
      close();
      return ended;
    }
    probe.keep();
    const failures = await fetchFiles(client, id, fetched);
    close();
    const codes = failures.map((failure) => tellError(terminal, failure, ""));
    return (await finishReport(ended, outputs, options, terminal)) || (codes[0] ?? 0);
  } catch (error) {
    close();
    return options.json ? printError(terminal, error) : tellError(terminal, error, file);
  }
}
