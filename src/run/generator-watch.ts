import { monitorEventLoopDelay } from "node:perf_hooks";
import type { GeneratorSample } from "../protocol/frame.ts";

/** A thread's look at itself. */
export interface GeneratorWatch {
  /** Since the previous call, or the making. */
  sample(): GeneratorSample;
  close(): void;
}

/** How often the loop's delay is probed, ms. */
const probeMs = 10;

/**
 * Probes that nobody uses at present. Each holds 350 KB that the collector does not see, so that thousands of short
 * executions on one slave would take gigabytes before they are freed.
 */
const idleProbes: ReturnType<typeof monitorEventLoopDelay>[] = [];

/** Watches the calling thread: its CPU time, its event loop's delay, the process's memory. */
export function createGeneratorWatch(): GeneratorWatch {
  const delay = idleProbes.pop() ?? monitorEventLoopDelay({ resolution: probeMs });
  delay.reset();
  delay.enable();
  let cpu = process.threadCpuUsage();
  let at = process.hrtime.bigint();
  return {
    sample() {
      const now = process.hrtime.bigint();
      const used = process.threadCpuUsage(cpu);
      const elapsedUs = Math.max(1, Number(now - at) / 1000);
      // The probe measures its whole interval; the delay is what exceeds it.
      const eventLoopLagMs = delay.count === 0 ? 0 : Math.max(0, delay.max / 1e6 - probeMs);
      delay.reset();
      cpu = process.threadCpuUsage();
      at = now;
      return {
        cpu: Math.min(1, (used.user + used.system) / elapsedUs),
        eventLoopLagMs,
        memory: process.memoryUsage.rss(),
      };
    },
    close: () => {
      // Only the first call finds it enabled.
      if (delay.disable()) idleProbes.push(delay);
    },
  };
}
