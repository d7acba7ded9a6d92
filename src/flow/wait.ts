import type { Clock } from "../protocol/ports.ts";

/** Resolves with true at `time` (`Clock.now()`), or with false as soon as the signal aborts. Never rejects. */
export function waitUntil(time: number, clock: Clock, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const onAbort = (): void => {
      alarm.cancel();
      resolve(false);
    };
    const alarm = clock.at(time, () => {
      signal.removeEventListener("abort", onAbort);
      resolve(true);
    });
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
