/**
 * Hands out the positions 0, 1, 2 … of a share's shared iterations, one counter per scenario; the threads of a slave
 * have it in common. No position is given twice.
 */
export interface Claims {
  /** The next position; it may be beyond the last. */
  claim(scenario: number): number;
  /**
   * A thread has ended the scenario and claims no more. The last one to say so takes what is left of `total` and is
   * told how much; the others are told 0.
   */
  retire(scenario: number, total: number): number;
}

/** A next position and a number of retired threads for each scenario. */
const slots = 2;

/** Memory for the counters of so many scenarios, to be passed to every thread. */
export function createClaimMemory(scenarios: number): SharedArrayBuffer {
  return new SharedArrayBuffer(Math.max(1, scenarios * slots) * BigInt64Array.BYTES_PER_ELEMENT);
}

/** `threads`: how many have the memory in common. */
export function createClaims(memory: SharedArrayBuffer, threads: number): Claims {
  const counters = new BigInt64Array(memory);
  return {
    claim: (scenario) => Number(Atomics.add(counters, scenario * slots, 1n)),
    retire(scenario, total) {
      const before = Number(Atomics.add(counters, scenario * slots + 1, 1n));
      if (before !== threads - 1) return 0;
      return Math.max(0, total - Number(Atomics.load(counters, scenario * slots)));
    },
  };
}
