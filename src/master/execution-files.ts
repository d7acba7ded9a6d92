import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { EngineError } from "../errors.ts";
import type { Store } from "../store/store.ts";
import { type NamedFile, normalizeFileName, refuseFileName } from "../protocol/named-file.ts";

/** A file that came with a submit. */
export type UploadedFile = NamedFile & { readonly hash: string };

/** Files that came with a submit, in a folder of their own under their hashes until they are an execution's. Plain data. */
export interface Upload {
  readonly folder: string;
  readonly files: readonly UploadedFile[];
}

/** A file that an execution wrote. */
export interface WrittenFile {
  readonly name: string;
  readonly size: number;
}

/** More files than any workflow has. */
export const mostFiles = 1_000;

/** The files of this master's executions, each in its execution's folder under its SHA-256. */
export interface ExecutionFiles {
  /** Where uploads get folders of their own. */
  readonly uploads: string;
  /** Makes the files that a workflow uses its execution's. */
  keep(executionId: string, used: readonly NamedFile[], upload: Upload): Promise<void>;
  /** What came was not taken, or is taken already. Idempotent. */
  discard(upload: Upload): Promise<void>;
  /** Where a file of an execution is. The caller knows that it is the execution's. */
  locate(executionId: string, hash: string): string;
  /** Where a file is that an execution writes, by its plain name; its folder is there. */
  locateOutput(executionId: string, name: string): string;
  /** The files that an execution has written, by name. */
  listOutputs(executionId: string): Promise<readonly WrittenFile[]>;
  /** Forgets an execution's files. */
  forget(executionId: string): Promise<void>;
}

/** In this folder; what an earlier process had received and not taken is removed. */
export function openExecutionFiles(dataDir: string): ExecutionFiles {
  const uploads = join(dataDir, "uploads");
  const outputsOf = (executionId: string) => join(dataDir, "executions", executionId, "outputs");
  const folderOf = (executionId: string) => join(dataDir, "executions", executionId, "inputs");
  rmSync(uploads, { recursive: true, force: true });
  return {
    uploads,
    async keep(executionId, used, { folder }) {
      const hashes = new Set(used.map(({ hash }) => hash).filter((hash) => hash !== null));
      if (hashes.size > 0) await mkdir(folderOf(executionId), { recursive: true, mode: 0o700 });
      for (const hash of hashes) await rename(join(folder, hash), join(folderOf(executionId), hash));
    },
    discard: ({ folder }) => rm(folder, { recursive: true, force: true }),
    locate: (executionId, hash) => join(folderOf(executionId), hash),
    locateOutput(executionId, name) {
      mkdirSync(outputsOf(executionId), { recursive: true, mode: 0o700 });
      return join(outputsOf(executionId), name);
    },
    async listOutputs(executionId) {
      const folder = outputsOf(executionId);
      const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return [];
        throw error;
      });
      const files = names.toSorted().map(async (name) => ({ name, size: (await stat(join(folder, name))).size }));
      return Promise.all(files);
    },
    forget: (executionId) => rm(join(dataDir, "executions", executionId), { recursive: true, force: true }),
  };
}

/** A new folder for an upload. */
export function createUploadFolder(uploads: string): string {
  const folder = join(uploads, randomUUID());
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/**
 * Notes the names of an upload's files. Throws EngineError `invalid_request` for a name that could be another file's
 * place: outside of the workflow's folder, or the same as another's where case does not count.
 */
export function createNameCheck(): (written: string) => string {
  const taken = new Set<string>();
  return (written) => {
    const name = normalizeFileName(written);
    const refusal = refuseFileName(name);
    const shown = JSON.stringify(written.slice(0, 100));
    if (refusal !== null) throw new EngineError("invalid_request", `a file cannot be named ${shown}: ${refusal}`);
    const key = name.normalize("NFC").toLowerCase();
    if (taken.has(key)) {
      throw new EngineError("invalid_request", `the file ${shown} came twice, or differs from another only in case`);
    }
    if (taken.size >= mostFiles)
      throw new EngineError("too_large", `more than ${mostFiles} files came with a workflow`);
    taken.add(key);
    return name;
  };
}

/** Writes files that came as base64 inside a body. Throws EngineError `invalid_request`; nothing is left then. */
export function writeInlineFiles(uploads: string, files: Readonly<Record<string, string>>): Upload {
  const takeName = createNameCheck();
  const decoded = Object.entries(files).map(([written, text]) => {
    const name = takeName(written);
    if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text)) {
      throw new EngineError("invalid_request", `files.${name.slice(0, 100)} is not base64`);
    }
    return { name, bytes: Buffer.from(text, "base64") };
  });
  const folder = createUploadFolder(uploads);
  try {
    const written = decoded.map(({ name, bytes }): UploadedFile => {
      const hash = createHash("sha256").update(bytes).digest("hex");
      writeFileSync(join(folder, hash), bytes, { mode: 0o600 });
      return { name, size: bytes.length, hash };
    });
    return { folder, files: written };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** The store, whose purges forget the files of the execution too. */
export function forgetWithStore(store: Store, files: Pick<ExecutionFiles, "forget">): Store {
  return {
    ...store,
    async purge(executionId) {
      await store.purge(executionId);
      await files.forget(executionId);
    },
  };
}
