import type { Alarm, Clock } from "../protocol/ports.ts";

const never = Number.POSITIVE_INFINITY;

/** One alarm for the deadlines of many exchanges: it is moved only when a deadline comes before it. */
export class DeadlineWatch {
  private readonly clock: Clock;
  private readonly onDue: () => void;
  private alarm: Alarm | null = null;
  private at = never;
  private readonly onAlarm = (): void => {
    this.alarm = null;
    this.at = never;
    this.onDue();
  };

  /** `onDue` is called at the earliest time that was asked for, though nobody may want it any more; whoever does asks again. */
  constructor(clock: Clock, onDue: () => void) {
    this.clock = clock;
    this.onDue = onDue;
  }

  /** Calls at this `Clock.now()` at the latest. */
  by(time: number): void {
    if (time >= this.at) return;
    this.alarm?.cancel();
    this.at = time;
    this.alarm = this.clock.at(time, this.onAlarm);
  }

  /** No call any more, until `by`. */
  stop(): void {
    this.alarm?.cancel();
    this.alarm = null;
    this.at = never;
  }
}
