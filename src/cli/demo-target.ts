import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { EngineError } from "../errors.ts";

/** A running demo target. */
export interface DemoTarget {
  readonly url: string;
  /** Ends its process; idempotent. */
  close(): void;
}

/** Starts the built-in target in a process of its own, which also ends when this one does. Throws EngineError `start_failed`. */
export function startDemoTarget(): Promise<DemoTarget> {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const entry = fileURLToPath(new URL(`../demo/main.${extension}`, import.meta.url));
  const child = fork(entry, [], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  return new Promise((resolve, reject) => {
    const fail = (cause?: unknown): void =>
      reject(new EngineError("start_failed", "the demo target did not start; leave --demo-target out", { cause }));
    child.once("error", fail);
    child.once("exit", fail);
    child.once("message", (ready: { readonly url: string }) => {
      child.off("exit", fail);
      child.unref();
      child.channel?.unref();
      resolve({ url: ready.url, close: () => child.kill("SIGKILL") });
    });
  });
}
