import type { ScriptRun } from "./script-run.ts";
import type { ScriptThread } from "./script-thread.ts";

interface Hands {
  spawn(): ScriptThread<ScriptRun>;
  begin(run: ScriptRun, thread: ScriptThread<ScriptRun>): void;
}

/** A thread that holds one run at a time: what takes too much memory, or breaks its thread, does it to itself alone. */
export interface Solitary {
  /** The run begins when those before it have ended. */
  give(run: ScriptRun): void;
  /** Begins the next run if none is under way; to be called when one may have ended. */
  next(): void;
  isOn(thread: ScriptThread<ScriptRun>): boolean;
  /** The thread takes no more runs. */
  forget(thread: ScriptThread<ScriptRun>): void;
}

/** Its thread is spawned when a run needs one. */
export function createSolitary({ spawn, begin }: Hands): Solitary {
  let queue: ScriptRun[] = [];
  let thread: ScriptThread<ScriptRun> | null = null;

  function next(): void {
    if (queue.length === 0 || (thread !== null && thread.runs.size > 0)) return;
    queue = queue.filter(({ ended }) => !ended);
    const run = queue.shift();
    if (run === undefined) return;
    thread ??= spawn();
    begin(run, thread);
  }

  return {
    give(run) {
      run.thread = null;
      queue.push(run);
      next();
    },
    next,
    isOn: (one) => one === thread,
    forget(one) {
      if (one === thread) thread = null;
    },
  };
}
