import { type Snapshot, totalOf } from "./snapshot.ts";
import { HIGH_CPU, HIGH_LAG_MS } from "./source-totals.ts";

/** Whether the generator could do what it was asked for; if not, why, a sentence each. */
export interface GeneratorVerdict {
  readonly verdict: "ok" | "saturated";
  readonly reasons: readonly string[];
}

/** Start-up is busy everywhere: fewer high seconds than this say nothing. */
const LEAST_HIGH_FRAMES = 3;
const HIGH_SHARE = 0.1;
const HIGH_START_LAG_MS = 10;

/**
 * Judges the generator. It is saturated when a slave's CPU or event-loop delay was high in a tenth of its seconds
 * (three at least), when 1 % of planned starts were more than 10 ms late, or when starts were dropped;
 * `open`: the scenarios whose starts wait for no free VU. What others did not begin was cut off, not missed.
 */
export function judgeGenerator(snapshot: Snapshot, open: readonly string[]): GeneratorVerdict {
  const reasons: string[] = [];
  for (const [id, { frames, highCpuFrames, highLagFrames }] of snapshot.sources) {
    const isOften = (high: number) => high >= LEAST_HIGH_FRAMES && high >= frames * HIGH_SHARE;
    if (isOften(highCpuFrames)) {
      reasons.push(`${id}: CPU above ${HIGH_CPU * 100} % in ${highCpuFrames} of ${frames} seconds`);
    }
    if (isOften(highLagFrames)) {
      reasons.push(`${id}: event loop more than ${HIGH_LAG_MS} ms behind in ${highLagFrames} of ${frames} seconds`);
    }
  }
  const lag = totalOf(snapshot, "iteration_lag");
  const late = lag?.type === "trend" ? (lag.histogram.percentile(99) ?? 0) / 1_000 : 0;
  if (late > HIGH_START_LAG_MS) reasons.push(`1 % of iterations started ${late.toFixed(1)} ms late or more`);
  const dropped = open
    .map((scenario) => totalOf(snapshot, "dropped_iterations", { scenario }))
    .reduce((sum, total) => sum + (total?.type === "counter" ? total.sum : 0), 0);
  if (dropped > 0) {
    reasons.push(`${dropped} planned iterations were dropped because no VU was free: raise max_vus`);
  }
  return { verdict: reasons.length === 0 ? "ok" : "saturated", reasons };
}
