import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** A compiled WebAssembly module; it may be sent to threads. */
export type DriverModule = object;

interface Compiler {
  compile(bytes: Uint8Array): Promise<DriverModule>;
}

let compiled: Promise<DriverModule> | null = null;

/** QuickJS's WebAssembly, compiled once. Rejects when the package is missing or broken. */
export function compileDriver(): Promise<DriverModule> {
  compiled ??= (async () => {
    const path = fileURLToPath(import.meta.resolve("@jitl/quickjs-wasmfile-release-sync/wasm"));
    // The types of Node leave this global out.
    const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: Compiler };
    return WebAssembly.compile(await readFile(path));
  })();
  return compiled;
}
