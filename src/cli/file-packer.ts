import { resolve } from "node:path";
import { EngineError } from "../errors.ts";
import { openWorkflowFolder } from "../local/workflow-folder.ts";
import { refuseFileName, type WorkflowFiles } from "../protocol/named-file.ts";

/** Reads the files that a workflow names as a run does, and notes which they are: they are sent with it. */
export interface FilePacker extends WorkflowFiles {
  /** Where they are, by the names that the workflow uses. */
  readonly files: ReadonlyMap<string, string>;
}

export function createFilePacker(folder: string): FilePacker {
  const inner = openWorkflowFolder(folder);
  const files = new Map<string, string>();
  const pack = <Result>(name: string, read: () => Result): Result => {
    const refusal = refuseFileName(name);
    if (refusal !== null) throw new EngineError("unreadable_file", `it cannot be sent: ${refusal}`);
    const result = read();
    files.set(name, resolve(folder, name));
    return result;
  };
  return {
    files,
    readText: (name) => pack(name, () => inner.readText(name)),
    readHead: (name, length) => pack(name, () => inner.readHead(name, length)),
    describe: (name) => pack(name, () => inner.describe(name)),
  };
}
