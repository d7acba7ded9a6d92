import { availableParallelism } from "node:os";
import { type LocalExecution, startLocal } from "../local/run-local.ts";
import type { Masker } from "../protocol/ports.ts";
import type { Trace } from "../protocol/trace.ts";
import { makeUuid } from "../protocol/make-uuid.ts";
import { createMasker } from "../run/masker.ts";
import { createSystemClock } from "../run/system-clock.ts";
import { systemTime } from "../run/system-time.ts";
import { keepSingleIteration } from "./debug/single-iteration.ts";
import { showTrace } from "./debug/show-trace.ts";
import { useOwnSources } from "../run/own-sources.ts";
import { startDemoTarget } from "./demo-target.ts";
import { keepFaultsIn } from "./fault-log.ts";
import { watchInterrupts } from "./interrupts.ts";
import { loadInput } from "./load-input.ts";
import { probeOutputFiles } from "./output-files.ts";
import { listStreamFiles } from "./metric-streams.ts";
import { finishReport, listOutputs } from "./finish-report.ts";
import { findGoal } from "./progress-text.ts";
import { showProgress } from "./progress.ts";
import type { RunOptions } from "./run-options.ts";
import { rememberSecrets } from "./secret-memory.ts";
import { createProblemsError, formatProblem, printError, tellError } from "./tell-error.ts";
import type { Terminal } from "./terminal.ts";
import { createTextLog } from "./text-log.ts";
import { readEngineVersion } from "../local/engine-version.ts";

/** For a signal that comes before there is an execution to stop. */
const stoppedBySignal = 105;

/** `run FILE`: gives the exit code. Whatever goes wrong is told; nothing is thrown. */
export async function runCommand(file: string, options: RunOptions, terminal: Terminal): Promise<number> {
  let execution: LocalExecution | null = null;
  const closers: (() => void)[] = [];
  const interrupts = watchInterrupts((times) => {
    if (execution === null || times > 2) {
      for (const close of closers.splice(0)) close();
      process.exit(stoppedBySignal);
    }
    if (times === 1 && !options.quiet) terminal.tell("stopping; press Ctrl-C again to stop now\n");
    execution.stop("stopped_by_signal", times === 1 ? undefined : 0);
  });
  closers.push(() => interrupts.close());
  try {
    const outputs = listOutputs(options);
    const probe = probeOutputFiles(outputs);
    closers.push(() => probe.undo());

    const demo = options.demoTarget ? await startDemoTarget() : null;
    if (demo !== null) closers.push(() => demo.close());
    rememberSecrets(options.secret ?? {});
    const { loaded, inputs, files } = await loadInput(
      file,
      options,
      demo === null ? {} : { DEMO_URL: demo.url },
      "problem",
    );
    if ("problems" in loaded) throw createProblemsError(file, loaded.problems);
    const { warnings } = loaded;
    const workflow = options.debug ? keepSingleIteration(loaded.workflow) : loaded.workflow;
    const streams = probeOutputFiles(listStreamFiles(workflow.outputs), outputs);
    closers.push(() => streams.undo());
    if (!options.quiet) for (const warning of warnings) terminal.tell(formatProblem(warning, file, terminal.err));

    const clock = createSystemClock(systemTime);
    const mask = createMasker(inputs.secrets);
    const log = createTextLog(terminal, options.quiet ? "error" : options.logLevel, mask);
    keepFaultsIn(log);
    const local = startLocal({
      workflow: useOwnSources(workflow, options.localIps ?? []),
      inputs,
      files,
      threads: options.debug ? 1 : options.threads,
      cores: availableParallelism(),
      clock,
      random: Math.random,
      log,
      targets: null,
      connections: {},
      mask,
      executionId: makeUuid(Math.random),
      engineVersion: readEngineVersion(),
      trace: options.debug ? traceTo(terminal, options, createMasker(inputs.secrets)) : undefined,
    });
    streams.keep();
    execution = local;
    if (!options.quiet && !options.debug) {
      const progress = showProgress({
        terminal,
        clock,
        goal: findGoal(workflow),
        view: () => ({ ...local.view(), testTimeMs: local.testTimeMs() }),
      });
      closers.unshift(() => progress.close());
    }
    const report = await local.finished;
    probe.keep();
    for (const close of closers.splice(0)) close();
    return await finishReport(report, outputs, options, terminal);
  } catch (error) {
    for (const close of closers.splice(0)) close();
    return options.json ? printError(terminal, error) : tellError(terminal, error, file);
  }
}

/** Before the report, or beside it where it must stand alone. */
function traceTo({ out, err, ...terminal }: Terminal, { json }: RunOptions, mask: Masker): Trace {
  return json
    ? showTrace((text) => terminal.tell(text), err.colors, mask)
    : showTrace((text) => terminal.print(text), out.colors, mask);
}
