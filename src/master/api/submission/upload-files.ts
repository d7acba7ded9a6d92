import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "../../../errors.ts";
import { refuseFileName, type WorkflowFiles } from "../../../protocol/named-file.ts";
import type { Upload, UploadedFile } from "../../execution-files.ts";

/** The files that came with a workflow, by the names it uses; no other file of this machine can be named. */
export function readUpload({ folder, files }: Upload): WorkflowFiles {
  const byName = new Map(files.map((file) => [file.name, file]));
  const find = (name: string): UploadedFile => {
    const file = byName.get(name);
    if (file !== undefined) return file;
    throw new EngineError("unreadable_file", refuseFileName(name) ?? "it did not come with the workflow");
  };
  return {
    readText(name) {
      try {
        return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(join(folder, find(name).hash)));
      } catch (error) {
        if (error instanceof TypeError)
          throw new EngineError("unreadable_file", "it is not UTF-8 text", { cause: error });
        throw error;
      }
    },
    readHead(name, length) {
      const descriptor = openSync(join(folder, find(name).hash), "r");
      try {
        const bytes = Buffer.alloc(length);
        return bytes.subarray(0, readSync(descriptor, bytes, 0, length, 0));
      } finally {
        closeSync(descriptor);
      }
    },
    describe: find,
  };
}
