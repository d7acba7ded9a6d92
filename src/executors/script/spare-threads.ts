import type { ScriptRun } from "./script-run.ts";
import type { ScriptThread } from "./script-thread.ts";

/** Threads kept ready for the quick scripts: to make one takes 50 ms and more. */
export interface SpareThreads {
  /** Makes the first; resolves once they are ready: one that is not when it is needed is of no use. */
  start(): Promise<void>;
  /** One of them, and another in its place. */
  take(): ScriptThread<ScriptRun>;
  /** From the next `take` on there are two. */
  keepMore(): void;
  /** It is of no use any more; nothing where it is none of them. */
  forget(thread: ScriptThread<ScriptRun>): void;
}

/**
 * `many`: there is more than one script. With one alone one spare is enough until a run has been found to compute for
 * long, because then it is known and kept apart.
 */
export function createSpareThreads(spawn: () => ScriptThread<ScriptRun>, many: boolean): SpareThreads {
  const threads: ScriptThread<ScriptRun>[] = [];
  let count = many ? 2 : 1;
  const fill = (): void => {
    while (threads.length < count) threads.push(spawn());
  };
  return {
    async start() {
      fill();
      await Promise.all(threads.map(({ ready }) => ready));
    },
    take() {
      const thread = threads.shift() ?? spawn();
      fill();
      return thread;
    },
    keepMore() {
      count = 2;
    },
    forget(thread) {
      const at = threads.indexOf(thread);
      if (at >= 0) threads.splice(at, 1);
    },
  };
}
