import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { EngineError } from "../../errors.ts";
import type { Json } from "../../protocol/json.ts";
import type { Problem } from "../../protocol/problem.ts";
import { readSource } from "../read-source.ts";
import { findErrorPlace } from "./error-place.ts";

/** What a module exports as data, or where it is none. */
export type ImportedDocument = { readonly document: Json } | { readonly problems: readonly Problem[] };

/** A module may fetch what it makes its workflow of; longer than this it hangs. */
const loadLimitMs = 60_000;

/** Node says of the last two that it takes none of them. */
const moduleExtensions = [".ts", ".mts", ".cts", ".js", ".mjs", ".cjs", ".tsx", ".jsx"];
const entry = new URL(import.meta.url.endsWith(".ts") ? "./thread.ts" : "./thread.js", import.meta.url);

/** Is the workflow what a program exports? */
export function isModule(file: string): boolean {
  return moduleExtensions.includes(extname(file));
}

/**
 * The default export of a module of the user's. It runs in a thread of its own, which ends with it: a module that loops for
 * ever leaves signals heard. What it writes to the console goes to stderr. Throws EngineError `unreadable_file`, or
 * `invalid_workflow` with what keeps it from being loaded.
 */
export async function importDocument(file: string, limitMs = loadLimitMs): Promise<ImportedDocument> {
  readSource(file);
  const worker = new Worker(entry, { workerData: pathToFileURL(resolve(file)).href, execArgv: [] });
  const given = Promise.withResolvers<ImportedDocument | null>();
  const fail = (reason: string, cause?: unknown): void =>
    given.reject(new EngineError("invalid_workflow", `${file} cannot be loaded: ${reason}`, { cause }));
  const limit = setTimeout(
    () => fail(`it is not done after ${limitMs / 1000} s; look for a loop without end`),
    limitMs,
  );
  worker.once("message", given.resolve);
  let failed = false;
  worker.once("error", (cause) => {
    failed = true;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const found = findErrorPlace(cause, file);
    void found.then((place) => fail(place === null ? reason : `${reason} (${place})`, cause));
  });
  worker.once("exit", (code) => {
    if (failed) return;
    // Node's own code for a module whose await nothing can end.
    fail(code === 13 ? "it waits for something that never comes" : `it ended the program with code ${code}`);
  });
  try {
    const document = await given.promise;
    if (document !== null) return document;
  } finally {
    clearTimeout(limit);
    await worker.terminate();
  }
  throw new EngineError("invalid_workflow", `${file} has no default export: export the workflow with "export default"`);
}
