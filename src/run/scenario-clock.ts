import type { Alarm } from "../protocol/ports.ts";
import { addAtLeast, type TestClock } from "./test-clock.ts";

/** Test time of one scenario: 0 at its `start_time`. */
export interface ScenarioClock {
  now(): number;
  /** The scenario time at a `Clock.now()`. */
  read(now: number): number;
  isFrozen(now: number): boolean;
  at(timeMs: number, task: () => void): Alarm;
}

export function createScenarioClock(testClock: TestClock, startTimeMs: number): ScenarioClock {
  return {
    now: () => testClock.now() - startTimeMs,
    read: (now) => testClock.read(now) - startTimeMs,
    isFrozen: testClock.isFrozen,
    at: (timeMs, task) => testClock.at(addAtLeast(startTimeMs, timeMs), task),
  };
}
