import { randomUUID } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder for what lives as long as this process; made by who writes into it first. */
export interface ProcessFolder {
  readonly path: string;
  /** Removes it. Idempotent. */
  close(): void;
}

/** In the machine's folder for temporary files; those that killed processes left are removed. */
export function openProcessFolder(kind: "master" | "slave"): ProcessFolder {
  const pattern = new RegExp(`^workflow-engine-${kind}-(\\d+)-[0-9a-f-]{36}$`);
  for (const name of readdirSync(tmpdir())) {
    const owner = Number(pattern.exec(name)?.[1]);
    if (Number.isInteger(owner) && owner !== process.pid && !isAlive(owner)) remove(join(tmpdir(), name));
  }
  const path = join(tmpdir(), `workflow-engine-${kind}-${process.pid}-${randomUUID()}`);
  return { path, close: () => remove(path) };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process lives too.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** What belongs to another user stays. */
function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EPERM" && code !== "EACCES") throw error;
  }
}
