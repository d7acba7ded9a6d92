import { dirname, resolve } from "node:path";
import { type LoadedWorkflow, loadWorkflow } from "../definition/load-workflow.ts";
import type { Overrides } from "../definition/overrides.ts";
import { openWorkflowFolder } from "../local/workflow-folder.ts";
import type { JsonObject } from "../protocol/json.ts";
import type { Inputs } from "../protocol/message.ts";
import type { FilePaths } from "../protocol/named-file.ts";
import { importDocument, isModule } from "./module/import-document.ts";
import { loadImported } from "./module/load-imported.ts";
import { readEnvFile, readSource, readStdin } from "./read-source.ts";
import { parseMetricStream } from "./metric-streams.ts";
import type { WorkflowOptions } from "./run-options.ts";

/** What a run starts from: the workflow or its problems, and what goes in with it. */
export interface LoadedInput {
  readonly loaded: LoadedWorkflow;
  readonly inputs: Inputs;
  readonly files: FilePaths;
}

/**
 * Reads FILE with the options that change it. `extra` is added to the environment, below `-e` and `--env-file`.
 * `missingEnv`: what it is that the workflow names something the environment lacks.
 * Throws EngineError `unreadable_file`.
 */
export async function loadInput(
  file: string,
  options: WorkflowOptions,
  extra: Readonly<Record<string, string>>,
  missingEnv: "problem" | "warning",
): Promise<LoadedInput> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) env[name] = value;
  Object.assign(env, extra, readEnvFiles(options), options.env);

  const folder = openWorkflowFolder(findFolder(file));
  const loadOptions = {
    overrides: { ...readLoadOptions(options), insecure: options.insecure },
    options: readOtherOptions(options),
    variables: options.env ?? {},
    env,
    missingEnv,
    scenario: options.scenario,
    files: folder,
  };
  const fileName = file === "-" ? null : file;
  const loaded = isModule(file)
    ? loadImported(await importDocument(file), { ...loadOptions, fileName })
    : loadWorkflow({ text: file === "-" ? await readStdin() : readSource(file), fileName }, loadOptions);
  const files = "problems" in loaded ? new Map<string, string>() : folder.locate(loaded.workflow.files);
  return { loaded, files, inputs: { env, secrets: options.secret ?? {} } };
}

/** What the flags put in place of a scenario's load. */
export function readLoadOptions(options: WorkflowOptions): Omit<Overrides, "insecure"> {
  const { vus, duration, iterations, stage: stages, rate, mode } = options;
  return { vus, duration, iterations, stages, rate, mode };
}

/** What flags put in place of other fields of `options`. */
export function readOtherOptions({ seed, out }: WorkflowOptions): JsonObject {
  return {
    ...(seed === undefined ? {} : { seed }),
    ...(out === undefined ? {} : { outputs: out.map(parseMetricStream) }),
  };
}

/** The pairs of the environment files, later ones over earlier ones. Throws EngineError `unreadable_file`. */
export function readEnvFiles({ envFile = [] }: WorkflowOptions): Record<string, string> {
  const env: Record<string, string> = {};
  for (const file of envFile) Object.assign(env, readEnvFile(file));
  return env;
}

/** The folder whose files a workflow names; of stdin the working folder. */
export function findFolder(file: string): string {
  return file === "-" ? process.cwd() : dirname(resolve(file));
}
