/** A slave's test clock as the product's: time since the start instant without pauses. Instants are the slave's own. */
export interface SimulatedTestClock {
  /** Test time; negative before the start, -Infinity before the start is known. */
  readAt(now: number): number;
  readonly started: boolean;
  start(at: number): void;
  pause(atMs: number, now: number): void;
  /** Goes on so that at the instant `at` it would show `testTimeMs`, but never backwards. */
  resume(at: number, testTimeMs: number, now: number): void;
  isFrozen(now: number): boolean;
}

export function createSimulatedTestClock(): SimulatedTestClock {
  let origin = Number.POSITIVE_INFINITY;
  /** Test time at which it stands; it stands from there on until `resumed`. */
  let stop = Number.POSITIVE_INFINITY;
  let floor = Number.NEGATIVE_INFINITY;
  const readAt = (now: number) => Math.max(floor, Math.min(now - origin, stop));
  return {
    readAt,
    get started() {
      return origin !== Number.POSITIVE_INFINITY;
    },
    start(at) {
      origin = at;
    },
    pause(atMs, now) {
      stop = Math.max(atMs, readAt(now));
    },
    resume(at, testTimeMs, now) {
      if (stop === Number.POSITIVE_INFINITY) return;
      floor = readAt(now);
      stop = Number.POSITIVE_INFINITY;
      origin = at - testTimeMs;
    },
    isFrozen: (now) => now - origin >= stop || now - origin < floor,
  };
}
