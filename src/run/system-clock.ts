import type { Alarm, Clock } from "../protocol/ports.ts";

/** Where a clock gets its time from: `performance.now` and `Date.now` in every real process. */
export interface TimeSource {
  /** Monotonic milliseconds with fractions. */
  now(): number;
  /** Milliseconds since the Unix epoch. */
  wall(): number;
}

/** The longest delay a Node timer takes. */
const longestTimer = 2 ** 31 - 1;

/**
 * The real clock. An alarm is never early and about a millisecond late at most on an idle loop. A Node timer counts whole
 * milliseconds from the loop's last look at the time and may therefore fire early: the rest, less than a millisecond,
 * is waited for by turns of the loop.
 */
export function createSystemClock(source: TimeSource): Clock {
  const { now, wall } = source;
  return { now, wall, at: (time, task) => createAlarm(now, time, task) };
}

function createAlarm(now: () => number, time: number, task: () => void): Alarm {
  let timer: NodeJS.Timeout | null = null;
  let turn: NodeJS.Immediate | null = null;
  const wait = () => {
    timer = setTimeout(check, Math.min(longestTimer, Math.max(1, Math.ceil(time - now()))));
  };
  const check = () => {
    timer = null;
    turn = null;
    const left = time - now();
    if (left <= 0) task();
    else if (left < 1) turn = setImmediate(check);
    else wait();
  };
  if (time <= now()) turn = setImmediate(check);
  else wait();
  return {
    cancel() {
      if (timer !== null) clearTimeout(timer);
      if (turn !== null) clearImmediate(turn);
    },
  };
}
