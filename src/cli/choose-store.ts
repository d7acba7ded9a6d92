import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { EngineError } from "../errors.ts";
import { makeFolder } from "./make-folder.ts";

/** Where a master keeps what outlives it. */
export interface ChosenStore {
  /** For `openStore`. */
  readonly url: string;
  readonly kind: "memory" | "sqlite";
  readonly dataDir: string;
  /** null: as asked, or as by default. */
  readonly warning: string | null;
}

/**
 * The store and the data folder of a master. Without a folder the first writable of `$STATE_DIRECTORY`,
 * `$XDG_STATE_HOME/workflow-engine` and `~/.local/state/workflow-engine`; none: a store in memory, with a warning.
 * Throws EngineError `start_failed` where a folder that was asked for cannot be written.
 */
export function chooseStore(
  asked: { readonly store: string | null; readonly dataDir: string | null },
  env: Readonly<Record<string, string | undefined>>,
): ChosenStore {
  const kind = asked.store === "memory:" ? "memory" : "sqlite";
  const url = asked.store ?? "sqlite:";
  if (kind === "memory") return { url, kind, dataDir: resolve(asked.dataDir ?? "."), warning: null };
  if (asked.dataDir !== null) {
    const dataDir = resolve(asked.dataDir);
    const refusal = tryFolder(dataDir);
    if (refusal === null) return { url, kind, dataDir, warning: null };
    throw new EngineError(
      "start_failed",
      `the data folder ${dataDir} cannot be used: ${refusal}; give another --data-dir`,
    );
  }
  const folders = listFolders(env);
  const dataDir = folders.find((folder) => tryFolder(folder) === null);
  if (dataDir !== undefined) return { url, kind, dataDir, warning: null };
  const where = folders.join(", ");
  // A path of its own needs no data folder.
  if (asked.store !== null && asked.store !== "sqlite:") return { url, kind, dataDir: resolve("."), warning: null };
  const warning = `no data folder can be written (${where}): executions are kept in memory and end with this process; give --data-dir`;
  return { url: "memory:", kind: "memory", dataDir: resolve("."), warning };
}

function listFolders(env: Readonly<Record<string, string | undefined>>): string[] {
  const state = env["STATE_DIRECTORY"]?.split(":")[0];
  const xdg = env["XDG_STATE_HOME"];
  const home = homedir();
  return [
    ...(state ? [resolve(state)] : []),
    ...(xdg ? [join(resolve(xdg), "workflow-engine")] : []),
    ...(home ? [join(home, ".local", "state", "workflow-engine")] : []),
  ];
}

/** Makes a folder if need be; null: it can be written, else why not. */
function tryFolder(folder: string): string | null {
  try {
    makeFolder(folder);
    accessSync(folder, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
