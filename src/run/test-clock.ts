import type { Alarm, Clock } from "../protocol/ports.ts";

/** Test time: milliseconds since the start instant without pauses. Before `start` nothing is due. */
export interface TestClock {
  /** `startAt` is a `Clock.now()` instant, usually ahead. `standsAt`: it stands from this test time on, as after a pause. */
  start(startAt: number, standsAt?: number): void;
  now(): number;
  /** The test time at a `Clock.now()`, for callers that have just read the clock. */
  read(now: number): number;
  isFrozen(now: number): boolean;
  /** Calls `task` once at or soon after this test time, never synchronously. Pauses delay it. */
  at(timeMs: number, task: () => void): Alarm;
  /** Freezes at this test time, or now if it has passed; resolves then with the frozen time. An earlier pause stands. */
  pause(atMs: number): Promise<number>;
  /**
   * Goes on so that at the `Clock.now()` `at` it would show `timeMs`; one that stopped at a later test time stands longer,
   * one whose pause is still ahead stands now until then. Nothing where there is no pause. Resolves once it goes on, with
   * the test time at which it stood.
   */
  resume(at: number, timeMs: number): Promise<number>;
  /** Cancels every alarm; idempotent. */
  close(): void;
}

interface Waiting {
  readonly timeMs: number;
  readonly task: () => void;
  inner: Alarm | null;
}

export function createTestClock(clock: Pick<Clock, "now" | "at">): TestClock {
  const waiting = new Set<Waiting>();
  const pausing = new Set<(timeMs: number) => void>();
  /** The `Clock.now()` of test time 0; moves on with each pause. */
  let origin = Number.POSITIVE_INFINITY;
  let frozenAt = Number.POSITIVE_INFINITY;
  let freezing: Alarm | null = null;
  /** A frozen clock that goes on at an instant ahead. */
  let going: { readonly alarm: Alarm; settle(timeMs: number): void } | null = null;

  const read = (now: number) => Math.min(now - origin, frozenAt);
  const isFrozen = (now: number) => now - origin >= frozenAt;

  const arm = (alarm: Waiting) => {
    if (alarm.inner !== null || origin === Number.POSITIVE_INFINITY || alarm.timeMs > frozenAt) return;
    alarm.inner = clock.at(addAtLeast(origin, alarm.timeMs), () => {
      waiting.delete(alarm);
      alarm.task();
    });
  };
  const disarm = (alarm: Waiting) => {
    alarm.inner?.cancel();
    alarm.inner = null;
  };
  const settlePauses = (timeMs: number) => {
    freezing?.cancel();
    freezing = null;
    for (const settle of pausing) settle(timeMs);
    pausing.clear();
  };

  const goOn = (next: number, stand: number) => {
    origin = next;
    settlePauses(stand);
    frozenAt = Number.POSITIVE_INFINITY;
    settleResumes(stand);
    for (const alarm of waiting) arm(alarm);
  };
  const settleResumes = (timeMs: number) => {
    going?.alarm.cancel();
    const settle = going?.settle;
    going = null;
    settle?.(timeMs);
  };

  return {
    start(startAt, standsAt = Number.POSITIVE_INFINITY) {
      origin = startAt;
      frozenAt = standsAt;
      for (const alarm of waiting) arm(alarm);
    },
    now: () => read(clock.now()),
    read,
    isFrozen,
    at(timeMs, task) {
      const alarm: Waiting = { timeMs, task, inner: null };
      waiting.add(alarm);
      arm(alarm);
      return {
        cancel() {
          disarm(alarm);
          waiting.delete(alarm);
        },
      };
    },
    pause(atMs) {
      const now = clock.now();
      if (isFrozen(now)) {
        // It stays where it is, whatever was to let it go on.
        settleResumes(frozenAt);
        return Promise.resolve(frozenAt);
      }
      frozenAt = Math.min(frozenAt, Math.max(atMs, now - origin, 0));
      for (const alarm of waiting) if (alarm.timeMs > frozenAt) disarm(alarm);
      freezing?.cancel();
      freezing = clock.at(addAtLeast(origin, frozenAt), () => settlePauses(frozenAt));
      return new Promise((resolve) => pausing.add(resolve));
    },
    resume(at, timeMs) {
      const now = clock.now();
      if (frozenAt === Number.POSITIVE_INFINITY || origin === Number.POSITIVE_INFINITY) {
        frozenAt = Number.POSITIVE_INFINITY;
        settlePauses(0);
        return Promise.resolve(read(now));
      }
      const next = at - timeMs;
      const stand = Math.max(0, Math.min(frozenAt, now - origin));
      // The instant at which the clock that goes on shows the time of this one, and never less.
      const goOnAt = addAtLeast(next, stand);
      if (goOnAt <= now) {
        goOn(next, stand);
        return Promise.resolve(stand);
      }
      frozenAt = stand;
      for (const alarm of waiting) if (alarm.timeMs > frozenAt) disarm(alarm);
      settlePauses(stand);
      going?.alarm.cancel();
      const earlier = going?.settle;
      return new Promise((resolve) => {
        const settle = (timeOfStand: number) => {
          earlier?.(timeOfStand);
          resolve(timeOfStand);
        };
        going = { settle, alarm: clock.at(goOnAt, () => goOn(next, stand)) };
      });
    },
    close() {
      for (const alarm of waiting) disarm(alarm);
      waiting.clear();
      settlePauses(read(clock.now()));
      settleResumes(read(clock.now()));
    },
  };
}

/** base + offset, so rounded that at this instant no less than `offset` has passed since `base`. */
export function addAtLeast(base: number, offset: number): number {
  let sum = base + offset;
  // By the base too: near 0 steps of the sum's own size would never end.
  const step = Math.max(Math.abs(sum), Math.abs(base)) * Number.EPSILON;
  while (sum - base < offset) sum += step;
  return sum;
}
