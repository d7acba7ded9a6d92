import { Console } from "node:console";
import { registerHooks } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import { copyJson } from "../../document/copy-json.ts";
import { createFindings } from "../../document/findings.ts";
import type { ImportedDocument } from "./import-document.ts";

const own = new URL(import.meta.url.endsWith(".ts") ? "../../index.ts" : "../../index.js", import.meta.url).href;

globalThis.console = new Console(process.stderr, process.stderr);
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

const loaded = (await import(workerData as string)) as { readonly default?: unknown };
parentPort?.postMessage(read(loaded.default));

function read(value: unknown): ImportedDocument | null {
  if (value === undefined) return null;
  const findings = createFindings();
  const document = copyJson(value, findings);
  return findings.hasProblems() ? { problems: findings.list(null) } : { document };
}
