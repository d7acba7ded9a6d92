import type { Clock } from "../../src/protocol/ports.ts";

/** A clock of which only the test lets an alarm ring, whatever the machine does meanwhile. */
export interface HandRung extends Clock {
  /** Goes on by so many milliseconds more than have passed, and rings what is due then, in order. */
  turn(ms: number): void;
  /** Alarms that are set. */
  readonly pending: number;
}

interface Pending {
  readonly time: number;
  readonly task: () => void;
}

/** The machine's time, and alarms that ring in `turn`; one for a time that has passed rings at once. */
export function createHandRung(): HandRung {
  const alarms = new Set<Pending>();
  let turnedMs = 0;
  const now = () => performance.now() + turnedMs;
  return {
    now,
    wall: () => Date.now() + turnedMs,
    at(time, task) {
      const alarm = { time, task };
      alarms.add(alarm);
      if (time <= now()) setImmediate(() => ring(alarm));
      return { cancel: () => void alarms.delete(alarm) };
    },
    turn(ms) {
      turnedMs += ms;
      const due = [...alarms].filter(({ time }) => time <= now());
      for (const alarm of due.toSorted((a, b) => a.time - b.time)) ring(alarm);
    },
    get pending() {
      return alarms.size;
    },
  };

  function ring(alarm: Pending): void {
    if (alarms.delete(alarm)) alarm.task();
  }
}
