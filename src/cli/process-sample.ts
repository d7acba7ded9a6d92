import { availableParallelism } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { ProcessSample } from "../slave/slave.ts";

/** How often the loop's delay is probed, ms. */
const probeMs = 10;

/** Looks at this process: its share of the machine's cores and its loop's largest delay since the call before, its memory. */
export function createProcessSample(): () => ProcessSample {
  const cores = availableParallelism();
  const delay = monitorEventLoopDelay({ resolution: probeMs });
  delay.enable();
  let cpu = process.cpuUsage();
  let at = process.hrtime.bigint();
  return () => {
    const now = process.hrtime.bigint();
    const used = process.cpuUsage(cpu);
    const elapsedUs = Math.max(1, Number(now - at) / 1_000);
    const lagMs = delay.count === 0 ? 0 : Math.max(0, delay.max / 1e6 - probeMs);
    delay.reset();
    cpu = process.cpuUsage();
    at = now;
    return {
      cpu: Math.min(1, (used.user + used.system) / elapsedUs / cores),
      memory: process.memoryUsage.rss(),
      event_loop_lag_ms: lagMs,
    };
  };
}
