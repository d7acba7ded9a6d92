import { mergeHalted, mergeMeasurements } from "../measure/merge.ts";
import type { Frame, VuCount } from "../protocol/frame.ts";
import type { FramePart } from "./share-part.ts";

/** Makes numbered frames of the threads' parts of each interval. */
export interface FrameCollector {
  /** The number of the latest frame; 0: none. */
  readonly last: number;
  /** A frame goes out when every thread has delivered its interval. */
  add(thread: number, part: FramePart): void;
  /** The thread delivers no more intervals. */
  end(thread: number): void;
  /** Sends out what has come so far. */
  flush(): void;
}

export function createFrameCollector(threads: number, onFrame: (frame: Frame) => void): FrameCollector {
  /** The latest interval of each thread; intervals are numbered by second, warm-up before the rest. */
  const latest = Array.from({ length: threads }, () => -1);
  const waiting = new Map<number, FramePart[]>();
  let last = 0;

  const release = (through: number) => {
    for (const interval of [...waiting.keys()].filter((key) => key <= through).sort((a, b) => a - b)) {
      const parts = waiting.get(interval) ?? [];
      waiting.delete(interval);
      onFrame({ number: ++last, ...mergeParts(parts, threads) });
    }
  };

  return {
    get last() {
      return last;
    },
    add(thread, part) {
      const interval = part.second * 2 + (part.warmUp ? 0 : 1);
      const parts = waiting.get(interval);
      if (parts === undefined) waiting.set(interval, [part]);
      else parts.push(part);
      latest[thread] = Math.max(latest[thread] ?? -1, interval);
      release(Math.min(...latest));
    },
    end(thread) {
      latest[thread] = Number.POSITIVE_INFINITY;
      release(Math.min(...latest));
    },
    flush() {
      release(Number.POSITIVE_INFINITY);
      // What a thread measured in setup says nothing of when it is through with the first second of the load.
      latest.forEach((interval, thread) => {
        if (interval !== Number.POSITIVE_INFINITY) latest[thread] = -1;
      });
    },
  };
}

function mergeParts(parts: readonly FramePart[], threads: number): FramePart {
  const first = parts[0] as FramePart;
  if (parts.length === 1 && threads === 1) return first;
  return {
    second: first.second,
    warmUp: first.warmUp,
    testTimeMs: Math.max(...parts.map((part) => part.testTimeMs)),
    ...mergeMeasurements(parts),
    vus: first.vus.map((count, at) => parts.slice(1).reduce((sum, part) => addVus(sum, part.vus[at]), count)),
    ...mergeHalted(parts),
    generator: {
      cpu: parts.reduce((sum, part) => sum + part.generator.cpu, 0) / parts.length,
      eventLoopLagMs: Math.max(...parts.map((part) => part.generator.eventLoopLagMs)),
      memory: Math.max(...parts.map((part) => part.generator.memory)),
    },
  };
}

function addVus(sum: VuCount, part: VuCount | undefined): VuCount {
  if (part === undefined) return sum;
  return {
    scenario: sum.scenario,
    active: sum.active + part.active,
    most: sum.most + part.most,
    allocated: sum.allocated + part.allocated,
    planned: sum.planned + part.planned,
    iterations: sum.iterations + part.iterations,
  };
}
