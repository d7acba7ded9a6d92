import type { ArrivalPattern } from "../../protocol/plan.ts";

/** Walks the events of a pattern. */
export interface ArrivalCursor {
  /** The event's global index; Infinity after the last one. */
  readonly k: number;
  advance(): void;
}

export function createArrivalCursor(pattern: ArrivalPattern): ArrivalCursor {
  const { from, to, period, offsets } = pattern;
  let round = Math.floor(from / period) * period;
  let at = 0;
  let k = 0;
  const settle = () => {
    const offset = offsets[at];
    k = offset === undefined || (to !== null && round + offset >= to) ? Number.POSITIVE_INFINITY : round + offset;
  };
  const advance = () => {
    if (++at >= offsets.length) {
      at = 0;
      round += period;
    }
    settle();
  };
  settle();
  while (k < from) advance();
  return {
    get k() {
      return k;
    },
    advance,
  };
}
