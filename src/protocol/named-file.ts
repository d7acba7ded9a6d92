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

const longestName = 512;

/**
 * Why a name is none of a file that may be sent with a workflow; null: it is. Such a name stays inside the workflow's
 * folder on every system: `data/users.csv`, with no way up, no root, no drive and no character that a shell or a file
 * system reads in its own way.
 */
export function refuseFileName(name: string): string | null {
  if (name === "") return "it is empty";
  if (name.length > longestName) return `it is longer than ${longestName} characters`;
  if (/[\u0000-\u001f\u007f]/.test(name)) return "it holds a control character";
  if (name.includes("\\")) return "it holds a backslash; write folders with `/`";
  if (name.startsWith("/") || name.startsWith("~")) return "it is not relative to the workflow";
  if (name.includes(":")) return "it holds a colon";
  const parts = name.split("/");
  if (parts.includes("..")) return "it leaves the workflow's folder; put the file beside the workflow";
  if (parts.some((part, at) => part === "" || (part === "." && at > 0))) return "it holds an empty folder name";
  if (parts.some((part) => /[. ]$/.test(part) && part !== ".")) return "a part of it ends with a dot or a space";
  return null;
}

/** `./data/users.csv` and `data/users.csv` are the same file. */
export function normalizeFileName(name: string): string {
  return name.startsWith("./") ? name.slice(2) : name;
}
