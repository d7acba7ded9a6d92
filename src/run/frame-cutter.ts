import type { GeneratorSample, HaltedVus, VuCount } from "../protocol/frame.ts";
import type { Measurements } from "../measure/measurements.ts";
import type { Alarm, Clock } from "../protocol/ports.ts";
import type { FramePart } from "./share-part.ts";
import { addAtLeast, type TestClock } from "./test-clock.ts";

/** What a frame is made of. */
export interface FrameSources {
  readonly clock: Clock;
  readonly testClock: TestClock;
  readonly warmUpMs: number;
  cutMeasurements(): Measurements;
  countVus(): VuCount[];
  /** Since the previous call. */
  takeHalted(): HaltedVus[];
  sampleGenerator(): GeneratorSample;
  onFrame(part: FramePart): void;
}

/** Cuts the time into frames: at each whole second since the start instant, by wall time, and at the end of warm_up. */
export interface FrameCutter {
  start(at: number): void;
  /** Cuts now: what was measured since the previous cut. */
  cut(): void;
  /** No more cuts by itself; idempotent. */
  stop(): void;
}

const secondMs = 1000;

export function createFrameCutter(sources: FrameSources): FrameCutter {
  const { clock, testClock } = sources;
  let startAt = Number.POSITIVE_INFINITY;
  /**
   * The second in which the open frame began: an end just after a whole second still belongs to the second before. Kept as
   * a number of seconds, because `startAt + 1000 - startAt` may be less than 1000.
   */
  let opened = 0;
  let warmUp = sources.warmUpMs > 0;
  let stopped = false;
  let tick: Alarm | null = null;
  let warmUpEnd: Alarm | null = null;

  const emit = (second: number) => {
    const halted = sources.takeHalted();
    sources.onFrame({
      second,
      testTimeMs: Math.max(0, testClock.now()),
      warmUp,
      ...sources.cutMeasurements(),
      vus: sources.countVus(),
      ...(halted.length === 0 ? {} : { halted }),
      generator: sources.sampleGenerator(),
    });
  };
  const countSeconds = (now: number) => Math.max(0, Math.floor((now - startAt) / secondMs));
  /** Ends the open frame; the next one begins in this second, and is none of warm_up once that is over. */
  const cut = () => {
    emit(opened);
    if (startAt !== Number.POSITIVE_INFINITY) opened = Math.max(opened, countSeconds(clock.now()));
    if (!warmUp || testClock.now() < sources.warmUpMs) return;
    warmUp = false;
    warmUpEnd?.cancel();
  };
  const waitForSecond = (next: number) => {
    tick = clock.at(addAtLeast(startAt, next * secondMs), () => {
      // A late alarm, as after a freeze, closes every second that has passed since; the end of warm_up may have done it.
      if (opened < next) cut();
      waitForSecond(opened + 1);
    });
  };

  return {
    start(at) {
      startAt = at;
      waitForSecond(1);
      if (warmUp) warmUpEnd = testClock.at(sources.warmUpMs, cut);
    },
    cut,
    stop() {
      if (stopped) return;
      stopped = true;
      tick?.cancel();
      warmUpEnd?.cancel();
    },
  };
}
