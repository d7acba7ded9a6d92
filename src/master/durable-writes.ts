import type { Alarm, Clock, Log } from "../protocol/ports.ts";

/**
 * Writes of one execution that must succeed at last: a store that fails for a while (a full disk) holds up what depends
 * on them and loses nothing. Of states only the latest is written; the versions before it are durable with it.
 */
export interface DurableWrites {
  /** Replaces a state that waits; `done` hears whether the store took it. */
  write(name: string, attempt: () => Promise<void>): void;
  /** Resolves when nothing waits. */
  settled(): Promise<void>;
  /** Tries no more; resolves when what runs has ended. */
  close(): Promise<void>;
}

const retryMs = 1_000;

/** Nothing waits. */
export function createDurableWrites(clock: Clock, log: Log): DurableWrites {
  const waiting = new Map<string, () => Promise<void>>();
  const running = new Map<string, Promise<void>>();
  const alarms = new Set<Alarm>();
  const idle: (() => void)[] = [];
  let closed = false;

  const settle = () => {
    if (running.size === 0 && (closed || waiting.size === 0)) for (const resolve of idle.splice(0)) resolve();
  };
  const start = (name: string): void => {
    const attempt = waiting.get(name);
    if (closed || attempt === undefined || running.has(name)) return;
    waiting.delete(name);
    const run = async () => {
      try {
        await attempt();
        return true;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        log("error", `the store did not take the ${name}, it is tried again: ${reason}`);
        return false;
      }
    };
    running.set(
      name,
      run().then((taken) => {
        running.delete(name);
        if (taken) start(name);
        else retry(name, waiting.get(name) ?? attempt);
        settle();
      }),
    );
  };
  const retry = (name: string, attempt: () => Promise<void>) => {
    waiting.set(name, attempt);
    if (closed) return;
    const alarm = clock.at(clock.now() + retryMs, () => {
      alarms.delete(alarm);
      start(name);
    });
    alarms.add(alarm);
  };
  const settled = () =>
    new Promise<void>((resolve) => {
      idle.push(resolve);
      settle();
    });

  return {
    write(name, attempt) {
      waiting.set(name, attempt);
      start(name);
    },
    settled,
    close() {
      closed = true;
      for (const alarm of alarms) alarm.cancel();
      return settled();
    },
  };
}
