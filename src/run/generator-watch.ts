import type { GeneratorSample } from "../protocol/frame.ts";
import { createLoopProbe } from "./loop-probe.ts";

/** A thread's look at itself. */
export interface GeneratorWatch {
  /** Since the previous call, or the making. */
  sample(): GeneratorSample;
  close(): void;
}

/** Watches the calling thread: its CPU time, its event loop's delay, the process's memory. */
export function createGeneratorWatch(): GeneratorWatch {
  const probe = createLoopProbe();
  let cpu = process.threadCpuUsage();
  let at = process.hrtime.bigint();
  return {
    sample() {
      const now = process.hrtime.bigint();
      const used = process.threadCpuUsage(cpu);
      const elapsedUs = Math.max(1, Number(now - at) / 1000);
      cpu = process.threadCpuUsage();
      at = now;
      return {
        cpu: Math.min(1, (used.user + used.system) / elapsedUs),
        eventLoopLagMs: probe.takeLagMs(),
        memory: readMemory(),
      };
    },
    close: probe.close,
  };
}

let lastMemory = 0;

/** The resident memory of this process, bytes. Where the system does not say now (no more files may be opened), as it said last. */
export function readMemory(): number {
  try {
    lastMemory = process.memoryUsage.rss();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EMFILE" && code !== "ENFILE") throw error;
  }
  return lastMemory;
}
