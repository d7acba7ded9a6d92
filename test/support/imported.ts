import { loadWorkflow } from "../../src/definition/load-workflow.ts";
import { type ImportFormat, importFormats } from "../../src/import/formats.ts";
import type { Imported, ImportOptions } from "../../src/import/importer.ts";
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
    readFile: () => null,
  };
  const imported = read(text, { ...defaults, ...options });
  const yaml = writeYaml(imported, format);
  const loaded = loadWorkflow({ text: yaml, fileName: null }, { env: {}, missingEnv: "warning" });
  const problems =
    "workflow" in loaded
      ? []
      : loaded.problems.flatMap(({ path, message, severity }) =>
          severity === "warning" ? [] : [`${path}: ${message}`],
        );
  return { ...imported, yaml, problems };
}
