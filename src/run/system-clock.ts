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
  return { now, wall, at: (time, task) => new SystemAlarm(now, time, task) };
}

/** A class, because thinking VUs hold an alarm each: closures would take twice the memory. */
class SystemAlarm implements Alarm {
  private readonly now: () => number;
  private readonly time: number;
  private readonly task: () => void;
  private timer: NodeJS.Timeout | null = null;
  private turn: NodeJS.Immediate | null = null;

  constructor(now: () => number, time: number, task: () => void) {
    this.now = now;
    this.time = time;
    this.task = task;
    const left = time - now();
    if (left <= 0) this.turn = setImmediate(task);
    else this.wait(left);
  }

  cancel(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    if (this.turn !== null) clearImmediate(this.turn);
  }

  /** A timer counts from the loop's last look at the time, in whole milliseconds, and so may fire early. */
  check(): void {
    const left = this.time - this.now();
    if (left <= 0) this.task();
    else this.wait(left);
  }

  private wait(left: number): void {
    this.timer = setTimeout(checkAlarm, Math.min(longestTimer, Math.ceil(left)), this);
  }
}

function checkAlarm(alarm: SystemAlarm): void {
  alarm.check();
}
