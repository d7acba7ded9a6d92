import { type NamedFile, normalizeFileName, type WorkflowFiles } from "../protocol/named-file.ts";
import type { Path } from "../protocol/step-spec.ts";
import type { Findings } from "../document/findings.ts";

/** What a definition does with the files that it names; what cannot be had is reported at the place of its name. */
export interface FileDesk {
  /** null: it cannot be read. */
  readText(path: Path, name: string): string | null;
  /** null: it cannot be read. */
  readHead(path: Path, name: string, length: number): Uint8Array | null;
  /** Keeps the file at hand for the run; null: it is not there. */
  use(path: Path, name: string): NamedFile | null;
  /** Can it be had? */
  has(name: string): boolean;
  /** All that were used, each name once. */
  readonly used: readonly NamedFile[];
}

export function createFileDesk(files: WorkflowFiles | undefined, findings: Findings): FileDesk {
  const used = new Map<string, NamedFile>();
  const attempt = <Result>(path: Path, name: string, ask: (files: WorkflowFiles) => Result): Result | null => {
    if (files === undefined) {
      findings.report(path, `\`${name}\` cannot be read here: this workflow came without its files; send them with it`);
      return null;
    }
    try {
      return ask(files);
    } catch (error) {
      findings.report(path, `\`${name}\` cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    }
  };
  return {
    readText: (path, name) => attempt(path, name, (known) => known.readText(normalizeFileName(name))),
    readHead: (path, name, length) => attempt(path, name, (known) => known.readHead(normalizeFileName(name), length)),
    use(path, name) {
      const file = attempt(path, name, (known) => known.describe(normalizeFileName(name)));
      if (file !== null) used.set(file.name, file);
      return file;
    },
    has(name) {
      try {
        return files?.describe(normalizeFileName(name)) !== undefined;
      } catch {
        // What cannot be had is an Error that says why: here it is the answer.
        return false;
      }
    },
    get used() {
      return [...used.values()];
    },
  };
}
