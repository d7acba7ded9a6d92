import { loadWorkflow } from "../../src/definition/load-workflow.ts";
import { type ImportFormat, importFormats } from "../../src/import/formats.ts";
import type { Imported, ImportOptions } from "../../src/import/importer.ts";
import type { WorkflowFiles } from "../../src/protocol/named-file.ts";
import { writeYaml } from "../../src/import/write-yaml.ts";

/** A source as a workflow in memory, with the problems that the definition finds in it: there must be none. */
export interface CheckedImport extends Imported {
  readonly yaml: string;
  readonly problems: readonly string[];
}

/** Imports a text with no files beside it, unless `options` has a reader. */
export async function importText(
  format: ImportFormat,
  text: string,
  options: Partial<ImportOptions> = {},
): Promise<CheckedImport> {
  const read = await importFormats[format]();
  const defaults: ImportOptions = {
    name: "source",
    thinkTimes: true,
    cookies: false,
    include: [],
    exclude: [],
    tags: [],
    readBytes: () => null,
  };
  const imported = read(text, { ...defaults, ...options });
  const yaml = writeYaml(imported, format);
  const bytes = (name: string): Buffer => {
    const content = imported.files.get(name);
    if (content === undefined) throw new Error(`no file ${name} was written`);
    return Buffer.from(content);
  };
  const files: WorkflowFiles = {
    readText: (name) => bytes(name).toString("utf8"),
    readHead: (name, length) => bytes(name).subarray(0, length),
    describe: (name) => ({ name, size: bytes(name).length, hash: null }),
  };
  const loaded = loadWorkflow({ text: yaml, fileName: null }, { env: {}, missingEnv: "warning", files });
  const problems =
    "workflow" in loaded
      ? []
      : loaded.problems.flatMap(({ path, message, severity }) =>
          severity === "warning" ? [] : [`${path}: ${message}`],
        );
  return { ...imported, yaml, problems };
}
