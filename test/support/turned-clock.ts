import type { Alarm, Clock } from "../../src/protocol/ports.ts";

/** A clock that stands until the test turns it. */
export interface TurnedClock extends Clock {
  /** Goes on by so many milliseconds, alarm by alarm; after each everything that was waiting for it has run. */
  turn(ms: number): Promise<void>;
  /** Goes on by so many milliseconds at once, as for a process that was frozen: what was due meanwhile rings then. */
  freeze(ms: number): Promise<void>;
  /** Alarms that are set. */
  readonly pending: number;
}

interface Pending {
  readonly time: number;
  readonly task: () => void;
}

/** `startAt`: the first `now()`; `wall()` is a fixed date plus the time since. */
export function createTurnedClock(startAt = 1000): TurnedClock {
  const pending: Pending[] = [];
  let now = startAt;
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  const clock: TurnedClock = {
    now: () => now,
    wall: () => Date.UTC(2026, 0, 1) + now - startAt,
    at(time, task): Alarm {
      const entry: Pending = { time, task };
      let place = pending.length;
      while (place > 0 && (pending[place - 1] as Pending).time > time) place--;
      pending.splice(place, 0, entry);
      return {
        cancel() {
          const found = pending.indexOf(entry);
          if (found >= 0) pending.splice(found, 1);
        },
      };
    },
    async turn(ms) {
      const target = now + ms;
      await settle();
      for (let next = pending[0]; next !== undefined && next.time <= target; next = pending[0]) {
        now = Math.max(now, next.time);
        // Alarms of one instant ring together, as in one turn of a real loop; what they set for now rings in the next.
        const due = pending.filter((entry) => entry.time <= now);
        for (const entry of due) {
          const place = pending.indexOf(entry);
          if (place < 0) continue;
          pending.splice(place, 1);
          entry.task();
        }
        await settle();
      }
      now = target;
      await settle();
    },
    freeze(ms) {
      now += ms;
      return clock.turn(0);
    },
    get pending() {
      return pending.length;
    },
  };
  return clock;
}
