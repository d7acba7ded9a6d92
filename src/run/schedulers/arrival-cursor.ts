import type { ArrivalPattern } from "../../protocol/plan.ts";

/** Walks the events of a share's windows, in order. Windows can be cut off and added while it walks. */
export interface ArrivalCursor {
  /** The event's global index; Infinity after the last one. */
  readonly k: number;
  advance(): void;
  /** Gives up all events from this one on. */
  cutAt(k: number): void;
  /** Windows that begin where the last one ends, or later. */
  append(windows: readonly ArrivalPattern[]): void;
}

/** A place in a window: the offset at `at` of the round that begins at `round`. */
interface Walk {
  window: ArrivalPattern;
  round: number;
  at: number;
}

const never = Number.POSITIVE_INFINITY;

export function createArrivalCursor(windows: readonly ArrivalPattern[]): ArrivalCursor {
  let ahead = [...windows];
  let walk: Walk | null = null;
  let k = never;

  const settle = () => {
    k = walk === null ? never : readEvent(walk);
    while (k === never) {
      const next = ahead.shift();
      walk = next === undefined ? null : enterWindow(next);
      if (walk === null) return;
      k = readEvent(walk);
    }
  };
  settle();

  return {
    get k() {
      return k;
    },
    advance() {
      if (walk === null) return;
      stepOn(walk);
      settle();
    },
    cutAt(end) {
      ahead = ahead.filter(({ from }) => from < end).map((window) => shorten(window, end));
      if (walk === null) return;
      walk.window = shorten(walk.window, end);
      settle();
    },
    append(more) {
      ahead.push(...more);
      if (walk === null) settle();
    },
  };
}

function enterWindow(window: ArrivalPattern): Walk {
  const walk = { window, round: Math.floor(window.from / window.period) * window.period, at: 0 };
  while (readOffset(walk) < window.from) stepOn(walk);
  return walk;
}

function stepOn(walk: Walk): void {
  if (++walk.at < walk.window.offsets.length) return;
  walk.at = 0;
  walk.round += walk.window.period;
}

function readOffset({ window, round, at }: Walk): number {
  const offset = window.offsets[at];
  return offset === undefined ? never : round + offset;
}

function readEvent(walk: Walk): number {
  const k = readOffset(walk);
  const { to } = walk.window;
  return to !== null && k >= to ? never : k;
}

function shorten(window: ArrivalPattern, end: number): ArrivalPattern {
  return window.to !== null && window.to <= end ? window : { ...window, to: end };
}
