import type { ScenarioPause } from "../protocol/message.ts";
import type { Alarm } from "../protocol/ports.ts";
import { addAtLeast, createTestClock, type TestClock } from "./test-clock.ts";

/** Test time of one scenario: 0 at its `start_time`. */
export interface ScenarioClock {
  now(): number;
  /** The scenario time at a `Clock.now()`. */
  read(now: number): number;
  isFrozen(now: number): boolean;
  at(timeMs: number, task: () => void): Alarm;
}

/**
 * The own time of a scenario: test time without what it stood by itself. `now`, `read`, `isFrozen` and `at` as of a
 * TestClock; where the execution is paused it stands too.
 */
export interface PausedClock extends ScenarioClock {
  /** Before the test clock is started; `pause`: where it stands already, null if it never stood. */
  start(pause: Omit<ScenarioPause, "scenario"> | null): void;
  /** As `TestClock.pause`, in its own time. */
  pause(atMs: number): Promise<number>;
  /** Goes on at this test time, having stood for `pausedMs` in all. As `TestClock.resume`. */
  resume(atMs: number, pausedMs: number): Promise<number>;
  /** Idempotent. */
  close(): void;
}

/** The clock of one scenario, on the test clock of all. */
export function createPausedClock(testClock: TestClock): PausedClock {
  const own = createTestClock(testClock);
  return {
    start: (pause) => own.start(pause?.pausedMs ?? 0, pause?.standsAtMs ?? Number.POSITIVE_INFINITY),
    now: own.now,
    read: (now) => own.read(testClock.read(now)),
    isFrozen: (now) => testClock.isFrozen(now) || own.isFrozen(testClock.read(now)),
    at: own.at,
    pause: own.pause,
    resume: (atMs, pausedMs) => own.resume(atMs, atMs - pausedMs),
    close: own.close,
  };
}

/** The same clock, from the scenario's `start_time` on. */
export function createScenarioClock(clock: Omit<ScenarioClock, "close">, startTimeMs: number): ScenarioClock {
  return {
    now: () => clock.now() - startTimeMs,
    read: (now) => clock.read(now) - startTimeMs,
    isFrozen: clock.isFrozen,
    at: (timeMs, task) => clock.at(addAtLeast(startTimeMs, timeMs), task),
  };
}
