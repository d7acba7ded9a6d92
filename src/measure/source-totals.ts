import type { Frame, VuCount } from "../protocol/frame.ts";
import type { VuReport } from "./vu-seconds.ts";
import type { Windows } from "./windows.ts";

/** A generator's CPU share above which it can no longer be trusted to keep up. */
export const HIGH_CPU = 0.9;
/** An event-loop delay above which measured times are the generator's rather than the target's, ms. */
export const HIGH_LAG_MS = 100;

/** What one slave said about itself. */
export interface SourceTotals {
  /** Of its latest frame. */
  vus: readonly VuCount[];
  /** What its latest second counts with; null: it has told of none, or was given up since. */
  report: VuReport | null;
  /** The most it had active. */
  mostVus: number;
  /** Finished outside warm-up. */
  iterations: number;
  frames: number;
  cpuSum: number;
  /** Frames with a CPU share above HIGH_CPU. */
  highCpuFrames: number;
  largestLagMs: number;
  /** Frames with an event-loop delay above HIGH_LAG_MS. */
  highLagFrames: number;
  largestMemory: number;
  /** What it measured by time; null: not kept apart. */
  readonly windows: Windows | null;
}

/** A slave that has said nothing yet. */
export function createSourceTotals(windows: Windows | null): SourceTotals {
  return {
    vus: [],
    report: null,
    mostVus: 0,
    iterations: 0,
    frames: 0,
    cpuSum: 0,
    highCpuFrames: 0,
    largestLagMs: 0,
    highLagFrames: 0,
    largestMemory: 0,
    windows,
  };
}

/** Adds what a frame says of its source; its iterations are added by the caller. */
export function addSample(source: SourceTotals, { vus, generator }: Pick<Frame, "vus" | "generator">): void {
  source.vus = vus;
  const active = vus.reduce((sum, count) => sum + count.active, 0);
  // A load that was over before its only frame ended still had VUs.
  const isUnseen = active === 0 && source.mostVus === 0;
  source.mostVus = isUnseen ? vus.reduce((sum, { most }) => sum + most, 0) : Math.max(source.mostVus, active);
  source.frames++;
  source.cpuSum += generator.cpu;
  if (generator.cpu > HIGH_CPU) source.highCpuFrames++;
  source.largestLagMs = Math.max(source.largestLagMs, generator.eventLoopLagMs);
  if (generator.eventLoopLagMs > HIGH_LAG_MS) source.highLagFrames++;
  source.largestMemory = Math.max(source.largestMemory, generator.memory);
}
