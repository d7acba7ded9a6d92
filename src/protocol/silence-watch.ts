import type { Clock } from "./ports.ts";
import { setDeadline } from "./set-deadline.ts";

export interface SilenceWatchOptions {
  readonly clock: Pick<Clock, "now" | "at">;
  /** How often the peer should be heard, ms. */
  readonly everyMs: number;
  /** So many times in a row without a word are silence. */
  readonly times: number;
  /** It was not heard this time: it may be asked. */
  onQuiet?(): void;
  /** Called once, with the time since it was heard; the watch is over. */
  onSilent(silentMs: number): void;
}

/** Whether a peer still says something. */
export interface SilenceWatch {
  /** It has. */
  hear(): void;
  /** Idempotent. */
  close(): void;
}

/**
 * Watches from now on. Silence is counted in times that were waited for, not in milliseconds: a watcher that was frozen itself
 * has missed one of them, however long it was, and a peer that lives has the others to be heard.
 */
export function watchSilence({ clock, everyMs, times, onQuiet, onSilent }: SilenceWatchOptions): SilenceWatch {
  let heardAt = clock.now();
  let heard = false;
  let missed = 0;
  const look = (): void => {
    if (heard) {
      heard = false;
      missed = 0;
      alarm = setDeadline(clock, heardAt + everyMs, look);
      return;
    }
    missed++;
    if (missed >= times) return onSilent(clock.now() - heardAt);
    onQuiet?.();
    alarm = setDeadline(clock, clock.now() + everyMs, look);
  };
  let alarm = setDeadline(clock, heardAt + everyMs, look);
  return {
    hear() {
      heard = true;
      heardAt = clock.now();
    },
    close: () => alarm.cancel(),
  };
}
