import type { Alarm, Clock } from "./ports.ts";

/**
 * Calls `task` once at `time`, after what had arrived by then was read. A process that was frozen rings its alarms before it
 * reads its sockets: whoever judges by what was not heard would judge too early.
 */
export function setDeadline(clock: Pick<Clock, "now" | "at">, time: number, task: () => void): Alarm {
  let alarm = clock.at(time, () => {
    // A turn of the loop: timers, then sockets, then what is due at once.
    alarm = clock.at(clock.now(), task);
  });
  return { cancel: () => alarm.cancel() };
}
