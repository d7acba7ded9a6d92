import { performance } from "node:perf_hooks";
import { createSystemClock } from "../src/run/system-clock.ts";
import { systemTime } from "../src/run/system-time.ts";

// Nanoseconds per read of the clock, and of what it could be made of. Run: node bench/clock.ts

const CALLS = 2_000_000;
const clock = createSystemClock(systemTime);

const reads: Readonly<Record<string, () => number>> = {
  "clock.now": () => clock.now(),
  "performance.now": () => performance.now(),
  "clock.wall": () => clock.wall(),
};

for (const [name, read] of Object.entries(reads)) {
  let sum = 0;
  let fastest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const before = process.cpuUsage();
    for (let call = 0; call < CALLS; call++) sum += read();
    const used = process.cpuUsage(before);
    fastest = Math.min(fastest, ((used.user + used.system) * 1000) / CALLS);
  }
  console.log(name.padEnd(36), `${fastest.toFixed(1).padStart(8)} ns`, sum > 0 ? "" : "the clock stands");
}
