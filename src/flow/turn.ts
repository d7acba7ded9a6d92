import type { Clock } from "../protocol/ports.ts";

/**
 * Lets the event loop take part. Iterations that end without waiting for anything would go on in microtasks for ever,
 * and no timer, socket or stop would get its turn.
 */
export interface Turn {
  /** Has this turn of the loop had its time by `now` (`Clock.now()`)? Then await `next`. */
  isOver(now: number): boolean;
  next(): Promise<void>;
}

/** `sliceMs`: how long a turn may go on. */
export function createTurn(clock: Clock, sliceMs = 5): Turn {
  let begunAt = clock.now();
  let pending: Promise<void> | null = null;
  return {
    isOver: (now) => now - begunAt >= sliceMs,
    next() {
      pending ??= new Promise((resolve) => {
        clock.at(clock.now(), () => {
          begunAt = clock.now();
          pending = null;
          resolve();
        });
      });
      return pending;
    },
  };
}
