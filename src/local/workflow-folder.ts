import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { EngineError } from "../errors.ts";
import type { FilePaths, NamedFile, WorkflowFiles } from "../protocol/named-file.ts";
import { decodeText } from "./decode-text.ts";
import { explainReading } from "./explain-reading.ts";

/** The folder that a workflow lies in, for the files that it names. */
export interface WorkflowFolder extends WorkflowFiles {
  locate(files: readonly NamedFile[]): FilePaths;
}

/** More than any text that a workflow takes in has. */
const longestText = 128 * 1024 * 1024;

export function openWorkflowFolder(folder: string): WorkflowFolder {
  /** The file itself, followed; what is no file (a folder, a device that never ends) is not read. */
  const attempt = <Result>(name: string, ask: (path: string, size: number) => Result): Result => {
    try {
      const path = resolve(folder, name);
      const stat = statSync(path);
      if (!stat.isFile()) throw new EngineError("unreadable_file", "it is no file");
      return ask(path, stat.size);
    } catch (cause) {
      throw cause instanceof EngineError ? cause : new EngineError("unreadable_file", explainReading(cause), { cause });
    }
  };
  return {
    readText: (name) =>
      attempt(name, (path, size) => {
        if (size > longestText) throw new EngineError("unreadable_file", "it is larger than 128 MiB");
        return decodeText(readFileSync(path));
      }),
    readHead: (name, length) => attempt(name, (path) => readHead(path, length)),
    describe: (name) => attempt(name, (_path, size) => ({ name, size, hash: null })),
    locate: (files) => new Map(files.map(({ name }) => [name, resolve(folder, name)])),
  };
}

function readHead(path: string, length: number): Uint8Array {
  const descriptor = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(length);
    let size = 0;
    for (let read = 1; read > 0 && size < length; size += read) {
      read = readSync(descriptor, bytes, size, length - size, size);
    }
    return bytes.subarray(0, size);
  } finally {
    closeSync(descriptor);
  }
}
