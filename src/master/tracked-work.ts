import type { Log } from "../protocol/ports.ts";

/** Work that nobody waits for: a failure of it is told in the log, and its end can be waited for. */
export interface TrackedWork {
  /** `what` it is, for the log; `onFailure` may do something about it. */
  track(work: Promise<unknown>, what: string, onFailure?: (message: string) => void): void;
  /** Resolves when all that was tracked so far has ended. */
  settled(): Promise<void>;
}

/** No work. */
export function createTrackedWork(log: Log): TrackedWork {
  const running = new Set<Promise<void>>();
  return {
    track(work, what, onFailure) {
      const tracked = work.then(
        () => void running.delete(tracked),
        (error: unknown) => {
          running.delete(tracked);
          const message = error instanceof Error ? error.message : String(error);
          log("error", `${what} failed: ${message}`);
          onFailure?.(message);
        },
      );
      running.add(tracked);
    },
    async settled() {
      await Promise.all(running);
    },
  };
}
