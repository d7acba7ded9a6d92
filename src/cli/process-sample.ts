import { availableParallelism } from "node:os";
import { readMemory } from "../run/generator-watch.ts";
import { createLoopProbe } from "../run/loop-probe.ts";
import type { ProcessSample } from "../slave/slave.ts";

/** Looks at this process: its share of the machine's cores and its loop's largest delay since the call before, its memory. */
export function createProcessSample(): () => ProcessSample {
  const cores = availableParallelism();
  const probe = createLoopProbe();
  let cpu = process.cpuUsage();
  let at = process.hrtime.bigint();
  return () => {
    const now = process.hrtime.bigint();
    const used = process.cpuUsage(cpu);
    const elapsedUs = Math.max(1, Number(now - at) / 1_000);
    cpu = process.cpuUsage();
    at = now;
    return {
      cpu: Math.min(1, (used.user + used.system) / elapsedUs / cores),
      memory: readMemory(),
      event_loop_lag_ms: probe.takeLagMs(),
    };
  };
}
