import { availableParallelism } from "node:os";
import { loadWorkflow, loadWorkflowObject } from "../definition/load-workflow.ts";
import { EngineError } from "../errors.ts";
import { makeUuid } from "../protocol/make-uuid.ts";
import type { Log } from "../protocol/ports.ts";
import type { Report } from "../protocol/report.ts";
import { createMasker } from "../run/masker.ts";
import { createSystemClock } from "../run/system-clock.ts";
import { systemTime } from "../run/system-time.ts";
import { readEngineVersion } from "./engine-version.ts";
import { startLocal } from "./run-local.ts";
import { openWorkflowFolder } from "./workflow-folder.ts";

/** What a program may say about a run. */
export interface RunOptions {
  /** Values that win over the workflow's variables, as `-e` does. */
  readonly variables?: Readonly<Record<string, string>>;
  /** `env.X`; default: `variables` alone. The process's environment is not looked at. */
  readonly env?: Readonly<Record<string, string>>;
  /** `secret.X`; shown nowhere. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** The folder whose files the workflow names. Default: there are none. */
  readonly folder?: string;
  /** Runs this scenario alone. */
  readonly scenario?: string;
  /** Default `auto`: one for a small load, else one per core. */
  readonly threads?: number | "auto";
  /** Aborting it stops the run gracefully; the report still comes. */
  readonly signal?: AbortSignal;
  /** Where log lines go; default: nowhere. */
  readonly log?: Log;
}

/**
 * Runs a workflow on this machine: a text of YAML or JSON, or the same as an object. Resolves with the report, whether
 * it passed or not. Throws EngineError `invalid_workflow` with all problems, or the code of what kept it from starting.
 */
export async function run(workflow: string | object, options: RunOptions = {}): Promise<Report> {
  const { variables = {}, secrets = {}, signal } = options;
  const env = { ...options.env, ...variables };
  const folder = options.folder === undefined ? undefined : openWorkflowFolder(options.folder);
  const loadOptions = { variables, env, scenario: options.scenario, files: folder };
  const loaded =
    typeof workflow === "string"
      ? loadWorkflow({ text: workflow, fileName: null }, loadOptions)
      : loadWorkflowObject(workflow, loadOptions);
  if ("problems" in loaded) {
    const [first] = loaded.problems;
    const message = `the workflow has problems, the first: ${first?.path ?? ""}: ${first?.message ?? ""}`;
    throw new EngineError("invalid_workflow", message, { problems: loaded.problems });
  }
  const execution = startLocal({
    workflow: loaded.workflow,
    inputs: { env, secrets },
    files: folder?.locate(loaded.workflow.files) ?? new Map<string, string>(),
    threads: options.threads ?? "auto",
    cores: availableParallelism(),
    clock: createSystemClock(systemTime),
    random: Math.random,
    log: options.log ?? (() => {}),
    targets: null,
    connections: {},
    mask: createMasker(secrets),
    executionId: makeUuid(Math.random),
    engineVersion: readEngineVersion(),
  });
  const stop = (): void => execution.stop("stopped_by_api");
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    return await execution.finished;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}
