import { Console } from "node:console";
import { dirname, extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type LoadedWorkflow, loadWorkflow, loadWorkflowObject } from "../definition/load-workflow.ts";
import type { Overrides } from "../definition/overrides.ts";
import { EngineError } from "../errors.ts";
import { openWorkflowFolder } from "../local/workflow-folder.ts";
import type { JsonObject } from "../protocol/json.ts";
import type { Inputs } from "../protocol/message.ts";
import type { FilePaths } from "../protocol/named-file.ts";
import { readEnvFile, readSource, readStdin } from "./read-source.ts";
import type { WorkflowOptions } from "./run-options.ts";

/** What a run starts from: the workflow or its problems, and what goes in with it. */
export interface LoadedInput {
  readonly loaded: LoadedWorkflow;
  readonly inputs: Inputs;
  readonly files: FilePaths;
}

const moduleExtensions = [".ts", ".mts", ".js", ".mjs"];

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
    ? loadWorkflowObject(await importModule(file), { ...loadOptions, fileName })
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
export function readOtherOptions({ seed }: WorkflowOptions): JsonObject {
  return seed === undefined ? {} : { seed };
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

/** Is the workflow what a program exports? */
export function isModule(file: string): boolean {
  return moduleExtensions.includes(extname(file));
}

/** The default export of a module of the user's; what it writes to the console goes to stderr. */
export async function importModule(file: string): Promise<unknown> {
  readSource(file);
  globalThis.console = new Console(process.stderr, process.stderr);
  const stuck = Promise.withResolvers<never>();
  const giveUp = (): void => stuck.reject(new Error("it waits for something that never comes"));
  process.once("beforeExit", giveUp);
  try {
    const loading = import(pathToFileURL(resolve(file)).href) as Promise<{ readonly default?: unknown }>;
    const loaded = await Promise.race([loading, stuck.promise]);
    if (loaded.default !== undefined) return loaded.default;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError("invalid_workflow", `${file} cannot be loaded: ${reason}`, { cause });
  } finally {
    process.off("beforeExit", giveUp);
  }
  throw new EngineError("invalid_workflow", `${file} has no default export: export the workflow with "export default"`);
}
