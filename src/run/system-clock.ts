import type { Alarm, Clock } from "../protocol/ports.ts";

/** Where a clock gets its time from: `systemTime` in every real process. */
export interface TimeSource {
  /** Monotonic milliseconds with fractions. */
  now(): number;
  /** Milliseconds since the Unix epoch. */
  wall(): number;
}

/** The longest delay a Node timer takes. */
const longestTimer = 2 ** 31 - 1;

/**
 * The real clock. An alarm is never early and on an idle loop a millisecond late at most: the grain of Node's timers. It
 * does not spin for more, because thousands of VUs that think would keep a core busy with it.
 */
export function createSystemClock(source: TimeSource): Clock {
  const { now, wall } = source;
  return { now, wall, at: (time, task) => createAlarm(now, time, task) };
}

function createAlarm(now: () => number, time: number, task: () => void): Alarm {
  let timer: NodeJS.Timeout | null = null;
  let turn: NodeJS.Immediate | null = null;
  const check = () => {
    // A timer counts from the loop's last look at the time, in whole milliseconds, and so may fire early.
    const left = time - now();
    if (left <= 0) task();
    else timer = setTimeout(check, Math.min(longestTimer, Math.ceil(left)));
  };
  const left = time - now();
  if (left <= 0) turn = setImmediate(task);
  else timer = setTimeout(check, Math.min(longestTimer, Math.ceil(left)));
  return {
    cancel() {
      if (timer !== null) clearTimeout(timer);
      if (turn !== null) clearImmediate(turn);
    },
  };
}
