import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, isAbsolute, relative, resolve, sep } from "node:path";
import { loadWorkflow } from "../definition/load-workflow.ts";
import { EngineError } from "../errors.ts";
import { type ImportFormat, importFormats } from "../import/formats.ts";
import { importLimits } from "../import/import-limits.ts";
import type { Imported } from "../import/importer.ts";
import { writeYaml } from "../import/write-yaml.ts";
import { openWorkflowFolder } from "../local/workflow-folder.ts";
import type { WorkflowFiles } from "../protocol/named-file.ts";
import { explainWriteError } from "./explain-write-error.ts";
import type { ImportCommandOptions } from "./import-options.ts";
import { findFolder } from "./load-input.ts";
import { readSource, readStdin } from "./read-source.ts";
import { printError, tellError } from "./tell-error.ts";
import type { Terminal } from "./terminal.ts";

/** `import FORMAT FILE`: the workflow on stdout or in `output`; what was left out on stderr, or as JSON. */
export async function importCommand(
  format: ImportFormat,
  file: string,
  options: ImportCommandOptions,
  terminal: Terminal,
): Promise<number> {
  try {
    const text = file === "-" ? await readStdin() : readSource(file);
    const size = Buffer.byteLength(text);
    if (size > importLimits.bytes)
      throw new EngineError("too_large", `it has ${size} bytes; at most ${importLimits.bytes} are read`);
    const { tag: tags = [], include = [], exclude = [], cookies = false, thinkTimes } = options;
    const name = file === "-" ? format : basename(file, extname(file));
    const readBytes = createReader(findFolder(file));
    const readFormat = await importFormats[format]();
    const imported = readFormat(text, { name, tags, include, exclude, cookies, thinkTimes, readBytes });
    const yaml = writeYaml(imported, `${format} ${file === "-" ? "stdin" : basename(file)}`);
    const output = options.output ?? null;
    const folder = output === null ? process.cwd() : dirname(resolve(output));
    check(yaml, output, imported, folder);
    write(yaml, output, listNewFiles(imported, folder, output), options.force === true, terminal);
    tell(imported, format, output, options.json === true, terminal);
    return 0;
  } catch (error) {
    if (options.json) return printError(terminal, error);
    const named = error instanceof EngineError && ["invalid_request", "too_large"].includes(error.code);
    return tellError(
      terminal,
      named ? new EngineError(error.code, `${file}: ${error.message}`, { cause: error }) : error,
      file,
    );
  }
}

/** Whatever is written must be a workflow; if it is not, the import is at fault, not the user. */
function check(yaml: string, output: string | null, { files }: Imported, folder: string): void {
  const there = openWorkflowFolder(folder);
  const made = <Result>(name: string, use: (bytes: Buffer) => Result, otherwise: () => Result): Result => {
    const content = files.get(name);
    return content === undefined ? otherwise() : use(Buffer.from(content));
  };
  const beside: WorkflowFiles = {
    readText: (name) =>
      made(
        name,
        (bytes) => bytes.toString("utf8"),
        () => there.readText(name),
      ),
    readHead: (name, length) =>
      made(
        name,
        (bytes) => bytes.subarray(0, length),
        () => there.readHead(name, length),
      ),
    describe: (name) =>
      made(
        name,
        (bytes) => ({ name, size: bytes.length, hash: null }),
        () => there.describe(name),
      ),
  };
  const loaded = loadWorkflow(
    { text: yaml, fileName: output, format: "yaml" },
    { env: {}, missingEnv: "warning", files: beside },
  );
  if ("workflow" in loaded) return;
  const { path = "", message = "" } = loaded.problems.find(({ severity }) => severity !== "warning") ?? {};
  throw new EngineError(
    "internal_error",
    `what was made of it is no valid workflow: ${path}: ${message} (a fault of the engine: please report it)`,
  );
}

/** Files that are not there yet with this content, by their paths. */
function listNewFiles({ files }: Imported, folder: string, output: string | null): Imported["files"] {
  const fresh = [...files].filter(([name, content]) => {
    const path = resolve(folder, name);
    return !existsSync(path) || !readFileSync(path).equals(Buffer.from(content));
  });
  if (output === null && fresh.length > 0)
    throw new EngineError(
      "invalid_usage",
      `files belong beside the workflow (${fresh.map(([name]) => name).join(", ")}); say where it is written with -o FILE`,
    );
  return new Map(fresh.map(([name, content]) => [resolve(folder, name), content]));
}

function write(
  yaml: string,
  output: string | null,
  files: Imported["files"],
  force: boolean,
  terminal: Terminal,
): void {
  if (output === null) {
    terminal.print(yaml);
    return;
  }
  const all = new Map([...files, [output, yaml]]);
  const taken = [...all.keys()].filter((path) => existsSync(path));
  if (!force && taken.length > 0)
    throw new EngineError(
      "unwritable_output",
      `${taken.join(", ")} is there already; give --force to write over it, or another -o FILE`,
    );
  for (const [path, content] of all) {
    try {
      // A certificate's key may be among them.
      writeFileSync(path, content, path === output ? {} : { mode: 0o600 });
    } catch (cause) {
      throw new EngineError(
        "unwritable_output",
        `cannot write ${path}: ${explainWriteError(cause)}; choose another file`,
        { cause },
      );
    }
  }
}

function tell(
  { workflow, leftOut, secrets, files }: Imported,
  format: string,
  output: string | null,
  json: boolean,
  terminal: Terminal,
): void {
  if (json) {
    const list = {
      format,
      output,
      secrets,
      files: [...files.keys()],
      left_out: leftOut.map(({ what, where, why }) => ({ what, where, why })),
    };
    const text = `${JSON.stringify(list, null, 2)}\n`;
    if (output === null) terminal.tell(text);
    else terminal.print(text);
    return;
  }
  const { colors } = terminal.err;
  for (const { what, where, why } of leftOut)
    terminal.tell(`${colors.yellow("left out:")} ${printable(what)} (${printable(where)}): ${printable(why)}\n`);
  if (output === null) return;
  const needs = secrets.map((name) => ` --secret ${name}`).join("");
  terminal.tell(
    `${output}: ${printable(String(workflow["name"]))}; run it with: workflow-engine run ${output}${needs}\n`,
  );
}

/** Texts of a source may hold what a terminal obeys. */
function printable(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]+/g, " ");
}

/**
 * Files of a folder and those below that are not too large; null for everything else: a source may be anybody's, and
 * what it names is sent to whom it says.
 */
function createReader(folder: string): (name: string) => Uint8Array | null {
  const { describe, readHead } = openWorkflowFolder(folder);
  return (name) => {
    try {
      const { size } = describe(name);
      return size > importLimits.bytes || !isInside(folder, name) ? null : readHead(name, size);
    } catch (error) {
      // A file that cannot be had is told by the importer.
      if (error instanceof EngineError || error instanceof TypeError) return null;
      throw error;
    }
  };
}

/** Does a file that is there lie in the folder, or below? Links are followed. */
function isInside(folder: string, name: string): boolean {
  const way = relative(realpathSync(folder), realpathSync(resolve(folder, name)));
  return !isAbsolute(way) && way.split(sep)[0] !== "..";
}
