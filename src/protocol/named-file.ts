/** A file that a workflow names, relative to itself, and that is read while it runs. */
export interface NamedFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** SHA-256 of a file that was sent with the workflow, in hex; null: it is read where it lies. */
  readonly hash: string | null;
}

/** The files beside a workflow, by the names by which it names them. What cannot be had is an Error that says why. */
export interface WorkflowFiles {
  /** The whole text of a UTF-8 file. */
  readText(name: string): string;
  /** Its first bytes, at most so many. */
  readHead(name: string, length: number): Uint8Array;
  describe(name: string): NamedFile;
}

/** Where this machine has the files that a workflow names: absolute paths by name. Threads get a copy. */
export type FilePaths = ReadonlyMap<string, string>;

/** `./data/users.csv` and `data/users.csv` are the same file. */
export function normalizeFileName(name: string): string {
  return name.startsWith("./") ? name.slice(2) : name;
}
