/** So many runs in a row, none of which computed for long, show that a script is not slow any more. */
const enoughQuick = 20;
/** A run that computes for less than this without a break, ms, is quick. */
const quickMs = 20;

/** Which scripts have been seen to compute for long, by their places. */
export interface SlowScripts {
  isSlow(script: number): boolean;
  /** A run of it kept others waiting. */
  noteLong(script: number): void;
  /** A run of it ended; its longest time of computing without a break. */
  noteEnd(script: number, longestMs: number): void;
}

/** None is slow at first. */
export function createSlowScripts(): SlowScripts {
  /** Quick runs since the latest one that was long. */
  const quickRuns = new Map<number, number>();
  return {
    isSlow: (script) => quickRuns.size > 0 && quickRuns.has(script),
    noteLong: (script) => void quickRuns.set(script, 0),
    noteEnd(script, longestMs) {
      const before = quickRuns.get(script);
      if (before === undefined) return;
      if (longestMs >= quickMs) quickRuns.set(script, 0);
      else if (before + 1 >= enoughQuick) quickRuns.delete(script);
      else quickRuns.set(script, before + 1);
    },
  };
}
