import type { UniqueRows } from "../data/feeds.ts";
import type { IterationRange } from "../protocol/plan.ts";
import type { Claims } from "./claims.ts";
import { createIterationLine } from "./iteration-line.ts";

/** The unique rows of one thread: claimed from what the slave was dealt, by a counter that its threads have in common. */
export interface ThreadRows extends UniqueRows {
  /** The same ranges for every thread, in the same order; the claims know of them already. */
  allot(feeder: number, ranges: readonly IterationRange[], last: boolean): void;
}

interface Line {
  readonly line: ReturnType<typeof createIterationLine>;
  last: boolean;
}

/** `firstLine`: the claims' line of the first feeder. */
export function createThreadRows(
  feeders: number,
  claims: Claims,
  firstLine: number,
  events: { onWant(feeder: number): void; onUsed(feeder: number): void; onSpare(feeder: number, row: number): void },
): ThreadRows {
  const lines: Line[] = Array.from({ length: feeders }, () => ({ line: createIterationLine(), last: false }));
  const lineOf = (feeder: number) => lines[feeder] as Line;
  return {
    claim(feeder) {
      const { line, last } = lineOf(feeder);
      const at = claims.claim(firstLine + feeder, line.end);
      if (at >= 0) return line.indexAt(at);
      if (last) return -1;
      events.onWant(feeder);
      return -2;
    },
    giveBack: events.onSpare,
    noteUsed: events.onUsed,
    allot(feeder, ranges, last) {
      const known = lineOf(feeder);
      known.line.append(ranges);
      known.last ||= last;
    },
  };
}
