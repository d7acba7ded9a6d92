import { type LoadedWorkflow, loadWorkflow } from "../definition/load-workflow.ts";
import type { JsonObject } from "../protocol/json.ts";
import type { SubmitBody } from "../protocol/rest.ts";
import { createFilePacker } from "./file-packer.ts";
import { findFolder, readEnvFiles, readLoadOptions, readOtherOptions } from "./load-input.ts";
import { importDocument, isModule } from "./module/import-document.ts";
import { loadImported } from "./module/load-imported.ts";
import { readSource, readStdin } from "./read-source.ts";
import type { WorkflowOptions } from "./run-options.ts";

/** What is sent to a master, and the same workflow read here, so that problems are shown with their place in the file. */
export interface LoadedSubmission {
  readonly loaded: LoadedWorkflow;
  readonly body: SubmitBody;
  /** The files that it names: where they are, by the names it uses. */
  readonly files: ReadonlyMap<string, string>;
}

/** Reads FILE with the options that change it. The process's environment stays here. Throws EngineError `unreadable_file`. */
export async function loadSubmission(file: string, options: WorkflowOptions): Promise<LoadedSubmission> {
  const { env: variables = {}, secret: secrets = {}, scenario, insecure = false } = options;
  const load = readLoadOptions(options);
  const env = readEnvFiles(options);
  const packer = createFilePacker(findFolder(file));
  const loadOptions = {
    overrides: { ...load, insecure },
    options: readOtherOptions(options),
    variables,
    env: { ...env, ...variables },
    scenario,
    files: packer,
  };
  const fileName = file === "-" ? null : file;
  const common: SubmitBody = {
    file_name: fileName?.split(/[\\/]/).at(-1)?.slice(-255),
    variables,
    env,
    secrets,
    scenario,
    insecure: insecure || undefined,
    options: Object.fromEntries(
      Object.entries({ ...load, ...readOtherOptions(options) }).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value] as const],
      ),
    ),
  };
  if (isModule(file)) {
    const imported = await importDocument(file);
    const loaded = loadImported(imported, { ...loadOptions, fileName });
    // Sent only when it has no problems; then it is an object.
    const workflow = "problems" in imported ? undefined : (imported.document as JsonObject);
    return { loaded, body: { ...common, workflow }, files: packer.files };
  }
  const text = file === "-" ? await readStdin() : readSource(file);
  const loaded = loadWorkflow({ text, fileName }, loadOptions);
  return { loaded, body: { ...common, yaml: text }, files: packer.files };
}
