import { Console } from "node:console";
import { registerHooks } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import { copyJson } from "../../document/copy-json.ts";
import { createFindings } from "../../document/findings.ts";
import type { ImportedDocument } from "./import-document.ts";

const own = new URL(import.meta.url.endsWith(".ts") ? "../../index.ts" : "../../index.js", import.meta.url).href;

globalThis.console = new Console(process.stderr, process.stderr);
// The report's place is for the report alone.
process.stdout.write = process.stderr.write.bind(process.stderr);
// A file that stands in no package, or in one that has not installed ours, finds the one that runs it.
registerHooks({
  resolve(specifier, context, nextResolve) {
    try {
      return nextResolve(specifier, context);
    } catch (error) {
      if (specifier !== "workflow-engine") throw error;
      return { url: own, shortCircuit: true };
    }
  },
});

try {
  const loaded = (await import(workerData as string)) as { readonly default?: unknown };
  const document = read(await loaded.default);
  await flush();
  parentPort?.postMessage(document);
} catch (error) {
  await flush();
  throw error;
}

/** What was printed is on its way to the main thread, and lost with this one. */
async function flush(): Promise<void> {
  const flushed = Promise.withResolvers<void>();
  process.stderr.write("", () => flushed.resolve());
  await flushed.promise;
}

function read(value: unknown): ImportedDocument | null {
  if (value === undefined) return null;
  const findings = createFindings();
  const document = copyJson(value, findings);
  return findings.hasProblems() ? { problems: findings.list(null) } : { document };
}
