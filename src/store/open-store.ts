import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { EngineError } from "../errors.ts";
import { createMemoryStore } from "./memory.ts";
import type { Store } from "./store.ts";

/**
 * Opens the store of a URL: `memory:`, or `sqlite:PATH` with a PATH that is relative to the data folder (default
 * `store.db`); missing folders are made. Throws EngineError `unsupported` for any other kind, `start_failed` where the
 * file cannot be opened or another master has it.
 */
export async function openStore(url: string, dataDir: string): Promise<Store> {
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*):(.*)$/s.exec(url) ?? [];
  if (scheme === "memory" && rest === "") return createMemoryStore();
  if (scheme === "sqlite") return openFile(rest === "" ? join(dataDir, "store.db") : resolve(dataDir, rest));
  // Only the scheme: the rest may hold a password.
  const what =
    scheme === ""
      ? `"${url}" is no store`
      : scheme === "memory"
        ? "memory: takes nothing behind it"
        : `this version has no ${scheme}: store`;
  throw new EngineError("unsupported", `${what}; use memory: or sqlite:PATH`);
}

async function openFile(path: string): Promise<Store> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError("start_failed", `cannot make the folder of the store ${path}: ${reason}`, { cause });
  }
  const { openSqliteStore } = await import("./sqlite/store.ts");
  return openSqliteStore(path);
}
