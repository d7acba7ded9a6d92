import type { Alarm, Clock } from "../../protocol/ports.ts";
import type { ScenarioClock } from "../scenario-clock.ts";

/** A VU's wait between two iterations, which a stop or a dismissal cuts short. */
export interface Rest {
  /** Until this `Clock.now()` (think time runs on wall time) and this scenario time (pacing is frozen by a pause). */
  waitFor(now: number, scenarioTime: number): Promise<void>;
  /** Until the frozen test clock goes on; `now` is a `Clock.now()` at which it stands. */
  waitForThaw(now: number): Promise<void>;
  /** Until it is woken. */
  waitForWake(): Promise<void>;
  /** Ends the wait, if there is one. */
  wake(): void;
}

/** Just after the frozen instant, which itself belongs to the time before the pause. */
const afterThawMs = 0.001;

export function createRest(clock: Clock, time: ScenarioClock): Rest {
  let alarm: Alarm | null = null;
  let resume: (() => void) | null = null;

  const finish = () => {
    alarm?.cancel();
    alarm = null;
    const settle = resume;
    resume = null;
    settle?.();
  };

  return {
    waitFor(now, scenarioTime) {
      if (now <= clock.now() && scenarioTime <= time.now()) return Promise.resolve();
      const waitForTime = () => {
        alarm = time.at(scenarioTime, finish);
      };
      return new Promise((resolve) => {
        resume = resolve;
        if (now <= clock.now()) waitForTime();
        else alarm = clock.at(now, scenarioTime <= time.now() ? finish : waitForTime);
      });
    },
    waitForThaw(now) {
      return new Promise((resolve) => {
        resume = resolve;
        alarm = time.at(time.read(now) + afterThawMs, finish);
      });
    },
    waitForWake: () =>
      new Promise((resolve) => {
        resume = resolve;
      }),
    wake: finish,
  };
}
