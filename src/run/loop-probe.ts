import { monitorEventLoopDelay } from "node:perf_hooks";

/** Watches how late the calling thread's event loop comes around. */
export interface LoopProbe {
  /** The largest delay since the previous call, or the making, ms. */
  takeLagMs(): number;
  /** Idempotent. */
  close(): void;
}

/** How often the loop is probed, ms. */
const everyMs = 10;

/**
 * Probes that nobody uses at present. Each holds 350 KB that the collector does not see, so that thousands of short
 * executions on one slave would take gigabytes before they are freed.
 */
const idle: ReturnType<typeof monitorEventLoopDelay>[] = [];

/** Starts to watch. */
export function createLoopProbe(): LoopProbe {
  const delay = idle.pop() ?? monitorEventLoopDelay({ resolution: everyMs });
  delay.reset();
  delay.enable();
  return {
    takeLagMs() {
      // It measures its whole interval; the delay is what exceeds it.
      const lagMs = delay.count === 0 ? 0 : Math.max(0, delay.max / 1e6 - everyMs);
      delay.reset();
      return lagMs;
    },
    close() {
      // Only the first call finds it enabled.
      if (delay.disable()) idle.push(delay);
    },
  };
}
